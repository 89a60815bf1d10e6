# SPDX-License-Identifier: MIT
"""Expressions for calc_differential.py: each shape is a place where a calculator of one's own goes wrong."""
import pathlib
import re
import struct

FUNCTIONS = ["abs", "min", "max", "pow", "round", "divmod", "int", "float"]
COMPARISONS = ["<", "<=", "==", "!=", ">", ">="]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^"]
LIMITS = (pathlib.Path(__file__).parents[2] / "src/handler/calc/calc_limits.h").read_text()
BITS, DIGITS = (int(re.search(rf"CALC_{name} (\d+)", LIMITS)[1]) for name in ["INTEGER_BITS", "TEXT_DIGITS"])


class Shapes:
    def __init__(self, random):
        self.random, self.pick, self.below = random, random.choice, random.randrange
        self.bits, self.uniform = random.getrandbits, random.uniform
        self.all = [
            self.expression, self.expression, self.logic, self.logic, self.unary, self.shifts, self.bounds,
            self.near_float, self.rounding, self.modular, self.literals, self.names, self.unfinished, self.mutated,
            self.doubles, self.ratios, self.types, self.pairs, self.powers, self.separators,
        ]

    def one(self):
        """(name of the shape, expression)"""
        shape = self.pick(self.all)
        return shape.__name__, shape()

    # ---- operands

    def integer(self):
        value = self.pick([
            self.below(10), self.below(100), self.below(2**16), self.bits(self.below(1, 200)), 2**self.below(70),
        ])
        return self.pick([str, str, str, hex, oct, bin, "{:_}".format, "{:#_x}".format])(value)

    def decimal(self):
        pick = self.random.random()
        if pick < 0.4:
            return f"{self.below(1000)}.{self.below(100)}"
        if pick < 0.6:
            return f"{self.below(100)}e{self.below(-30, 30)}"
        if pick < 0.8:
            return repr(self.uniform(-10, 10)).lstrip("-")
        return self.pick(["0.0", ".5", "1.", "1e400", "1e-400", "5e-324", "1e16", "1e-05", "123456789e300"])

    def atom(self):
        pick = self.random.random()
        if pick < 0.6:
            return self.integer()
        if pick < 0.9:
            return self.decimal()
        return self.pick(["True", "False", "0", "1"])

    def small(self):
        return str(self.below(-3, 12))

    # ---- shapes

    def expression(self, depth=3):
        pick = self.random.random()
        if depth == 0 or pick < 0.15:
            return self.atom()
        if pick < 0.6:
            operation = self.pick(BINARY)
            right = self.small() if operation in ("**", "<<", ">>") else self.expression(depth - 1)
            space = self.pick(["", " "])
            return self.expression(depth - 1) + space + operation + space + right
        if pick < 0.75:
            return "(" + self.expression(depth - 1) + ")"
        if pick < 0.85:
            return self.pick("+-~") + self.expression(depth - 1)
        return self.call(depth - 1)

    def call(self, depth):
        name = self.pick(FUNCTIONS)
        counts = {"abs": 1, "int": 1, "float": 1, "divmod": 2}
        count = counts.get(name, self.below(1, 4))
        if self.random.random() < 0.05:
            count = self.below(5)
        arguments = [self.expression(depth) for _ in range(count)]
        if name == "round" and count > 1:
            arguments[1] = self.small()
        return f"{name}({', '.join(arguments)})"

    def logic(self, depth=3):
        pick = self.random.random()
        if depth == 0 or pick < 0.15:
            return self.pick([self.atom(), self.small(), "missing", "1//0", "True", "False"])
        if pick < 0.5:
            links = self.below(1, 5)
            parts = [self.pick([self.small, self.atom, lambda: f"({self.logic(depth - 1)})"])()
                     for _ in range(links + 1)]
            return parts[0] + "".join(f" {self.pick(COMPARISONS)} {part}" for part in parts[1:])
        if pick < 0.8:
            return f"{self.logic(depth - 1)} {self.pick(['and', 'or'])} {self.logic(depth - 1)}"
        if pick < 0.92:
            return "not " + self.logic(depth - 1)
        return f"({self.logic(depth - 1)})"

    def unary(self):
        def stack():
            return "".join(self.pick(["-", "+", "~", "- ", "--"]) for _ in range(self.below(6)))

        parts = [stack() + self.pick([self.small(), self.atom(), f"({self.small()})"])
                 for _ in range(self.below(1, 4))]
        parts[1:] = [stack() + self.pick(["2", "3", "0", "1", "True", "0.5", "-1"]) for _ in parts[1:]]
        return self.pick(["", "not ", "1+not ", "not not "]) + "**".join(parts)

    def shifts(self):
        count = self.pick([
            str(self.below(-5, 200)), "10**20", "-10**20", "1.0", "True", "64", "-1",
        ])
        left = self.pick([self.integer(), "-" + self.integer(), "0", "(-1)", "False", "1.5"])
        return f"{left} {self.pick(['<<', '>>'])} {count} {self.pick(['', '>> 3', '<< 2', '& 255'])}"

    def bounds(self):
        near = BITS + self.below(-3, 4)
        digits = DIGITS + self.below(-2, 3)
        base = self.below(3, 1000)
        return self.pick([
            f"(1 << {near}) >> {near - 5}", f"2**{near} % 1000007", f"{base}**{near // base.bit_length()} % 97",
            f"(1 << {near // 2}) * (1 << {near - near // 2}) > 0", f"((1 << {near - 1}) + (1 << {near - 2})) & 7",
            f"10**{digits}", f"-10**{digits} + 1", "7" * digits, "-" + "7" * digits, f"1{'_0' * digits}",
            f"int(1e308) * 10**{digits - 309}", f"divmod(10**{digits}, 3)", "9**9**9",
            f"pow(3, 10**50, 1 << {near // 2})", f"~(1 << {near - 2}) % 11", f"-(1 << {near - 1}) // 3 % 11",
            f"10**{self.below(290, 330)} * 1.0", f"float(1 << {self.below(1020, 1028)})",
            "(" * self.below(195, 205) + "1", "1" + ")" * 3, "(" * 200 + "1" + ")" * self.below(198, 203),
            "0" * digits, "0x" + "f" * self.below(1, 200),
        ])

    def near_float(self):
        power = self.pick([53, 53, 53, 54, 60, 63, 64, 100, 1023])
        offset = self.below(-4, 5)
        integer = f"(2**{power}{offset:+d})"
        other = self.pick([
            f"2.0**{power}", f"float({integer})", repr(float(2**power)), f"{integer}/1", "1e400",
        ])
        return self.pick([
            f"{integer} {self.pick(COMPARISONS)} {other}", f"{other} {self.pick(COMPARISONS)} {integer}",
            f"{integer} + 0.0", f"int({other}) - {integer}", f"max({integer}, {other})", f"float({integer})",
            f"{integer} * 1.5 // 1", f"{integer} == {integer} * 1.0",
            f"({integer} << 40) + 1 == ({integer} << 40) * 1.0",
        ])

    def rounding(self):
        digits = self.below(-6, 8)
        value = self.pick([
            f"{self.below(-200, 200)}.5", f"{self.below(-10**6, 10**6)}",
            f"{self.below(-50, 50)}5" + "0" * self.below(4), repr(self.uniform(-1e6, 1e6)),
            f"{self.below(100)}.{self.below(1000):03}5", f"{self.below(64)}/64", "1e400", "-1e400", "(1e400-1e400)",
            "1.7976931348623157e308", "-0.4", "5e-324", "True", self.integer(),
            f"{self.below(1, 10)}5e{self.below(-20, 22)}",
        ])
        if self.random.random() < 0.1:
            digits = self.pick([-400, -308, -309, -307, 323, 324, 400, "True", "1.0", "abs", "10**30"])
        return self.pick([f"round({value})", f"round({value}, {digits})", f"round({value}, {digits})"])

    def modular(self):
        def part(bits):
            return str(self.bits(self.below(1, bits)) * self.pick([1, 1, -1]))

        exponent = self.pick([part(40), part(8), "-1", "-2", "0", "1"])
        modulus = self.pick([part(100), part(8), "0", "1", "-1", "7", "1000000007", "2.0"])
        return f"pow({self.pick([part(100), part(8), 'True', '1.5'])}, {exponent}, {modulus})"

    def literals(self):
        def junk():
            alphabet = self.pick([
                "0123456789_", "01_.e+-", "0123456789_xXoObBeE.jabcdef", "0_78", "01_2", "1_e5.-",
            ])
            start = self.pick(["", "", "0x", "0o", "0b", "0", "1", "1.", ".", "1e", "0X", "0B", "0_", "00"])
            return start + "".join(self.pick(alphabet) for _ in range(self.below(1, 7)))

        tail = self.pick(["", "", "", "or 2", "and 3", "not 1", " + 1", "if", "x", "_"])
        return self.pick([junk() + tail, f"{junk()} + {junk()}", f"({junk()})", "-" + junk()])

    def names(self):
        name = self.pick([
            "x", "_", "pi", "os", "__import__", "eval", "Abs", "true", "bool", "sum", "exit", "a1",
        ])
        return self.pick([
            name, f"{name} + 1", f"1 + {name}", f"{name}(1//0)", f"1//0 + {name}", f"False and {name}",
            f"True or {name}", f"True and {name}", f"1 < 0 < {name}", f"0 < 1 < {name}", f"max(1, {name})",
            f"(1 {name})", f"{name} {name}", f"1{name}", f"abs({name}", f"{self.pick(FUNCTIONS)}",
        ])

    def unfinished(self):
        text = self.pick([self.expression, self.logic, self.modular, self.rounding])()
        return text[:self.below(len(text) + 1)]

    def mutated(self):
        text = self.pick([self.expression, self.logic, self.unary, self.pairs])()
        for _ in range(self.below(1, 3)):
            place = self.below(len(text) + 1)
            insert = self.pick([
                "", "", "(", ")", "1", "+", "-", "*", "**", "~", "<", "!", " ", " 1 ", "not ", "and ", ".", "_", "0",
                "e", "x", "[", "]", "}", "$", "?", "\\", "#", ";", "\t", "=", ",",
            ])
            text = text[:place] + insert + text[place + self.below(2):]
        return text

    def doubles(self):
        value = struct.unpack("d", struct.pack("Q", self.bits(63)))[0]
        exponent = self.below(-1074, 1024)
        digits = str(self.bits(self.below(1, 120)))
        place = self.below(len(digits) + 1)
        number = f"{digits[:place]}.{digits[place:]}"
        return self.pick([
            repr(value), f"{value:.{self.below(25)}e}", f"2.0**{exponent}", f"1.5*2.0**{exponent}", f"-{number}",
            f"{number}e{self.below(-345, 320)}", f"{value!r} * {self.random.random()!r}",
            f"{value!r} / {self.uniform(-10, 10)!r}", f"{value!r} // {self.uniform(-10, 10)!r}",
            f"{self.uniform(-1e9, 1e9)!r} % {self.uniform(-10, 10)!r}", f"int({self.uniform(-1e30, 1e30)!r})",
            f"divmod({self.uniform(-1e9, 1e9)!r}, {self.uniform(-10, 10)!r})", str(self.bits(80)) + ".0",
        ]).replace("nan", "0.0").replace("inf", "1e999")

    def ratios(self):
        left = self.bits(self.pick([8, 64, 200, 1100, 2000])) * self.pick([1, -1])
        right = self.bits(self.pick([8, 54, 64, 200, 1100, 3000])) * self.pick([1, 1, -1])
        return f"{left} {self.pick(['/', '/', '/', '//', '%'])} {self.pick([right, right, 0, -1, 3])}"

    def types(self):
        odd = self.pick(FUNCTIONS + ["divmod(7, 2)", "divmod(7.5, 2)"])
        other = self.pick([self.atom(), odd, self.pick(FUNCTIONS)])
        name = self.pick(FUNCTIONS)
        arguments = ", ".join(self.pick([self.small(), odd, "1.5", "True"]) for _ in range(self.below(5)))
        return self.pick([
            f"{odd} {self.pick(BINARY)} {other}", f"{other} {self.pick(BINARY)} {odd}",
            f"{odd} {self.pick(COMPARISONS)} {other}", f"{other} {self.pick(COMPARISONS)} {odd}",
            f"{self.pick(['-', '+', '~', 'not '])}{odd}", f"{name}({arguments})", f"{name}({arguments},)", odd,
            f"{odd}(2)", f"{self.atom()}(1)", f"({odd})", f"{odd} and {other}", f"({name})({arguments})",
            f"{name}({arguments})(1)", f"{self.atom()} {self.pick(['&', '|', '^', '<<'])} 1.5", f"~{self.decimal()}",
        ])

    def pairs(self):
        def pair():
            left, right = (self.pick([self.small, self.atom])() for _ in range(2))
            return f"divmod({left}, {right})"

        return self.pick([
            pair(), f"{pair()} {self.pick(COMPARISONS)} {pair()}", f"max({pair()})", f"min({pair()})",
            f"max({pair()}, {pair()})", f"not {pair()}", f"{pair()} and {pair()}", f"min({pair()}, {self.small()})",
        ])

    def powers(self):
        base = self.pick([
            self.small(), self.atom(), f"(-{self.atom()})", "0", "(-0.0)", "1e400", "(-1e400)", "(1e400-1e400)",
        ])
        exponent = self.pick([
            self.small(), "0.5", "-0.5", "1e400", "-1e400", "(1e400-1e400)", "-3", "1001", "2.0", "3.0", "0.0",
            str(self.below(300)), repr(self.uniform(-5, 5)), "1e300",
        ])
        return self.pick([f"{base}**{exponent}", f"pow({base}, {exponent})", f"{base}**-{exponent}"])

    def separators(self):
        text = self.expression(2)
        return self.pick([
            " " + text, "\t" + text + " ", text + " # said", text + "#", text + "\\", text + " ; 1",
            text + "\u00d7 2", text + " \u00f7 2", "\u201c" + text, text + " \u00b2", text + "\u00a0",
            text + " \u00a0", "", " ", "# nothing", text + "\x0c", text + "\x0b", text + " \x7f", text + " '",
            f"({text}]", f"[{text})", text + ")", f"({text} {text})", f"({text} {text}", f"max({text} {text})",
            f"max({text},,{text})", f"max(,{text})", f"{text} {text}", f"({text} not {text})", f"({text} ~{text})",
            f"{text} $", f"{text} ! {text}", f"{text} && {text}", f"{text} <> {text}", f"{text} => 1",
        ])
