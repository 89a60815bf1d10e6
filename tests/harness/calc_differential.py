#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""calc against Python itself: `calc_differential.py CALC_BATCH [--count N] [--seed N]`.

The reference is eval(line, {"__builtins__": the eight functions}), with calc's bounds laid into the operations.
Values and exceptions must be the same to the last character. Of a SyntaxError the message is compared if it is one of
MESSAGES; Python has others, for what is outside of calc's grammar: there the kind must agree. Outside of the
grammar (docs/reference/calc.md) Python has a value and calc an error: see OUTSIDE and Outside."""
import argparse
import ast
import builtins
import collections
import operator
import random
import re
import subprocess
import sys
import warnings

from calc_shapes import BITS, DIGITS, FUNCTIONS, Shapes

MESSAGES = re.compile("|".join([
    r"invalid syntax", r"invalid syntax\. Perhaps you forgot a comma\?", r"'\(' was never closed", r"unmatched '.'",
    r"closing parenthesis '.' does not match opening parenthesis '.'", r"too many nested parentheses",
    r"invalid (decimal|hexadecimal|octal|binary|imaginary) literal", r"invalid digit '.' in (octal|binary) literal",
    r"leading zeros in decimal integer literals are not permitted; .*", r"Exceeds the limit \(4300 digits\) .*",
    r"unexpected character after line continuation character", r"unexpected EOF while parsing",
    r"invalid character '.' \(U\+....\)", r"invalid non-printable character U\+....",
    r"unterminated string literal \(detected at line 1\)",
]))

# What calc's grammar leaves out, as Python parses it.
OUTSIDE = (
    ast.Attribute, ast.Await, ast.Dict, ast.DictComp, ast.FormattedValue, ast.GeneratorExp, ast.IfExp, ast.In, ast.Is,
    ast.IsNot, ast.JoinedStr, ast.Lambda, ast.List, ast.ListComp, ast.MatMult, ast.NamedExpr, ast.NotIn, ast.Set,
    ast.SetComp, ast.Slice, ast.Starred, ast.Subscript, ast.Tuple, ast.keyword,
)

# Tokens that calc does not know, so that it may stumble over another one than Python does.
FOREIGN = re.compile("|".join([
    r"(?<![<>=!])=(?!=)", r"""['"\[\]{}:@]""", r"[(,]\s*\*",
    r"(?<![\d_])\.(?!\d)", r"\.[\d_]*\.", r"\b[^\W\d]\w*\.", r"\b0[xob]\w*\.",
    r"\d(and|else|for|if|in|is|not|or)(\W|$)", r"\b(if|is|in|for|else|None)\b",
    # Python 3.11 takes any beginning of a soft keyword for one, and suggests no comma after it.
    *(rf"\b{word[:size]}\b" for word in ["_", "match", "case"] for size in range(1, len(word) + 1)),
]))
WORD = re.compile(r"\s*(?:(and|or|not)\b|([\w.]+)|(.))", re.S)


class Outside(TypeError):
    """Python calculates this, calc does not: tuples joined and repeated, types united."""


class Bound(OverflowError):
    """One of calc's bounds, which Python does not have."""


def bound(bits):
    if bits > BITS:
        raise Bound(f"integer too large: at most {BITS} bits here")


def integral(*values):
    return all(isinstance(value, int) for value in values)


def real(function, *arguments):
    """calc has no complex numbers."""
    try:
        value = function(*arguments)
    except OverflowError as error:
        if error.args != ("complex exponentiation",):
            raise
        value = 0j
    if isinstance(value, complex):
        raise ValueError("negative number cannot be raised to a fractional power")
    return value


def joined(value):
    if not isinstance(value, (int, float, complex)):
        raise Outside
    return value


def add(left, right):
    if integral(left, right):
        bound(max(left.bit_length(), right.bit_length()) + 1)
    return joined(left + right)


def subtract(left, right):
    if integral(left, right):
        bound(max(left.bit_length(), right.bit_length()) + 1)
    return left - right


def multiply(left, right):
    if integral(left, right) and left and right:
        bound(left.bit_length() + right.bit_length())
    if isinstance(left, tuple) and integral(right) or integral(left) and isinstance(right, tuple):
        raise Outside
    return left * right


def shift_left(left, right):
    if integral(left, right) and left and right >= 0:
        bound(right)
        bound(left.bit_length() + right)
    return left << right


def check_power(left, right):
    if integral(left, right) and abs(left) > 1 and right >= 0:
        bound(right)
        bits = left.bit_length()
        bound((bits - 1) * right + 1 if abs(left) == 1 << bits - 1 else bits * right)


def power(left, right):
    check_power(left, right)
    return real(operator.pow, left, right)


def unite(left, right):
    return joined(left | right)


def call(function, *arguments):
    if function is pow and len(arguments) == 2:
        check_power(*arguments)
    if function is pow and len(arguments) == 3 and integral(*arguments) and arguments[2]:
        bound(2 * arguments[2].bit_length())
    return real(function, *arguments)


BOUNDED = {
    ast.Add: add, ast.Sub: subtract, ast.Mult: multiply, ast.LShift: shift_left, ast.Pow: power, ast.BitOr: unite,
}
# Names that no expression can have.
HIDDEN = {f".{function.__name__}": function for function in [*BOUNDED.values(), call]}
NAMES = {name: getattr(builtins, name) for name in FUNCTIONS}


class Bounding(ast.NodeTransformer):
    """Put calc's bounds around the operations that can grow, leaving the order of evaluation."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        function = BOUNDED.get(type(node.op))
        return self.to_call(node, function, [node.left, node.right]) if function else node

    def visit_Call(self, node):
        self.generic_visit(node)
        return self.to_call(node, call, [node.func, *node.args])

    @staticmethod
    def to_call(node, function, arguments):
        name = ast.copy_location(ast.Name(f".{function.__name__}", ast.Load()), node)
        return ast.copy_location(ast.Call(name, arguments, []), node)


def is_outside(node):
    return isinstance(node, OUTSIDE) or isinstance(node, ast.Constant) and not isinstance(node.value, (int, float))


def reference(line):
    """(answer, None), ("", type's name) where only the type counts, or (None, None): Python cannot say."""
    try:
        tree = ast.parse(line.lstrip(" \t") + "\n", mode="eval")
        if any(is_outside(node) for node in ast.walk(tree)):
            return "", "SyntaxError"
        code = compile(Bounding().visit(tree), "", "eval")
        return str(eval(code, {"__builtins__": NAMES | HIDDEN}, {})), None
    except SyntaxError as error:
        exact = MESSAGES.fullmatch(error.msg) and not has_foreign(line)
        return (f"SyntaxError({error.msg!r})", None) if exact else ("", "SyntaxError")
    except Outside:
        return "", "TypeError"
    except Bound as error:
        return f"OverflowError({str(error)!r})", None
    except (RecursionError, MemoryError):
        return None, None
    except Exception as error:
        return repr(error), None


def has_foreign(line):
    """Would Python's parser take another way through this than calc's? Also where more follows on "name operand",
    which it tries as a print statement of old."""
    calls, last, row = [], "", []
    for keyword, operand, symbol in WORD.findall(line.partition("#")[0]):
        in_call = bool(calls and calls[-1])
        if symbol and symbol in ",)" and not in_call and (symbol == "," or last == "("):
            return True
        if len(row) > 1 and not row[0][0].isdigit():
            return True
        if symbol == "(":
            calls.append(bool(row) or last == ")")
        elif symbol == ")" and calls:
            calls.pop()
        row = [*row, operand] if operand else []
        last = symbol
    return FOREIGN.search(line) is not None


def agrees(expected, answer):
    text, kind = expected
    return text is None or (answer.startswith(kind + "(") if kind else answer == text)


def ask(program, lines):
    done = subprocess.run([program], input="".join(line + "\n" for line in lines).encode(), stdout=subprocess.PIPE,
                          timeout=300, check=True)
    answers = done.stdout.decode().split("\n")[:-1]
    if len(answers) != len(lines):
        sys.exit(f"{len(lines)} expressions, {len(answers)} answers")
    return answers


def shrink(program, line):
    """The shortest expression that still differs and is reached by leaving out characters."""
    while True:
        size = max(1, len(line) // 8)
        shorter = []
        while not shorter and size:
            candidates = [line[:i] + line[i + size:] for i in range(0, len(line), size)]
            answers = ask(program, candidates)
            shorter = [c for c, answer in zip(candidates, answers) if not agrees(reference(c), answer)]
            size //= 2
        if not shorter:
            return line
        line = min(shorter, key=len)


def report(program, line):
    line = shrink(program, line)
    text, kind = reference(line)
    shown = {"Python": text or f"{kind}(…)", "calc": ask(program, [line])[0]}
    print(f"  {line[:300]!r}", *(f"    {name + ':':7} {answer[:300]}" for name, answer in shown.items()), sep="\n")


def is_error(text):
    return re.match(r"[A-Z]\w*(Error|Exception)\(", text) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=8999)
    parser.add_argument("--shown", type=int, default=5, help="differences to show")
    options = parser.parse_args()

    warnings.simplefilter("ignore")
    sys.set_int_max_str_digits(DIGITS)
    shapes = Shapes(random.Random(options.seed))
    named = [shapes.one() for _ in range(options.count)]
    lines = [line for _, line in named]
    expected = [reference(line) for line in lines]
    answers = ask(options.program, lines)

    wrong = [i for i in range(len(lines)) if not agrees(expected[i], answers[i])]
    syntax = [e for e, answer in zip(expected, answers) if answer.startswith("SyntaxError(")]
    exact = sum(kind is None for _, kind in syntax)
    errors = sum(map(is_error, answers))
    skipped = sum(text is None for text, _ in expected)
    print(f"seed {options.seed}: {errors} errors among {len(lines)}; message compared for {exact} of {len(syntax)} "
          f"syntax errors; {skipped} that Python itself gives up on")
    for shape, count in collections.Counter(named[i][0] for i in wrong).most_common():
        print(f"  {shape}: {count} differ")
    for i in sorted(wrong, key=lambda i: len(lines[i]))[:options.shown]:
        report(options.program, lines[i])
    print(f"{len(lines) - len(wrong)} agreed, {len(wrong)} differed")
    return 1 if wrong or errors * 5 < len(lines) else 0


if __name__ == "__main__":
    sys.exit(main())
