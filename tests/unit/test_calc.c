/* SPDX-License-Identifier: MIT */
/*
 * Claims about calc's answers, each with what Python 3.11 prints. How it agrees with Python in general is
 * tests/harness/calc_differential.py's to show; test_calc_bounds.c has the bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <string.h>

#include "handler/calc/calc_eval.h"

struct claim {
	const char *expression;
	const char *answer;
};

#define COMMA    "SyntaxError('invalid syntax. Perhaps you forgot a comma?')"
#define INVALID  "SyntaxError('invalid syntax')"
#define UNCLOSED "SyntaxError(\"'(' was never closed\")"
#define DECIMAL  "SyntaxError('invalid decimal literal')"

static void assert_answer_sized(const char *text, size_t size, const char *expected)
{
	struct calc_answer answer;

	assert_int_equal(calc_eval(text, size, &answer), 0);
	if (strcmp(answer.text, expected) != 0)
		print_error("expression: %.200s\n", text);
	assert_string_equal(answer.text, expected);
	assert_int_equal(answer.size, strlen(expected));
	calc_answer_fini(&answer);
}

static void assert_answer(const char *text, const char *expected)
{
	assert_answer_sized(text, strlen(text), expected);
}

#define assert_claims(claims)                                          \
	for (size_t i = 0; i < sizeof(claims) / sizeof *(claims); i++) \
	assert_answer((claims)[i].expression, (claims)[i].answer)

static void operators_bind_as_in_python(void **state)
{
	static const struct claim claims[] = {
		{ "2+3\n", "5" },
		{ "800 * 999\r\n", "799200" },
		{ "2+3*4", "14" },
		{ "-2**2", "-4" },
		{ "2**-1", "0.5" },
		{ "2**3**2", "512" },
		{ "2**-1**2", "0.5" },
		{ "-+~-1", "0" },
		{ "1<<2+1", "8" },
		{ "1|2^3&4<<1", "3" },
		{ "10-4-3", "3" },
		{ "not 1 == 2", "True" },
		{ "not 0 and 5", "5" },
		{ "1 or 0 and 0", "1" },
		{ "1 < 2 | 4", "True" },
	};

	(void)state;
	assert_claims(claims);
}

static void integers_divide_with_the_sign_of_the_divisor(void **state)
{
	static const struct claim claims[] = {
		{ "-5//3", "-2" },
		{ "-5%3", "1" },
		{ "5%-3", "-1" },
		{ "divmod(-7, 2)", "(-4, 1)" },
		{ "-1>>10**30", "-1" },
		{ "~5", "-6" },
		{ "-8&5", "0" },
		{ "-1^255", "-256" },
	};

	(void)state;
	assert_claims(claims);
}

static void integers_have_no_word_size(void **state)
{
	static const struct claim claims[] = {
		{ "2**100", "1267650600228229401496703205376" },
		{ "99999999999999999999*99999999999999999999", "9999999999999999999800000000000000000001" },
		{ "-9223372036854775808-1", "-9223372036854775809" },
		{ "pow(7, 3000, 10**50 + 1) == 7**3000 % (10**50 + 1)", "True" },
		{ "pow(3, -1, 7)", "5" },
		{ "pow(3, -2, -7)", "-3" },
	};

	(void)state;
	assert_claims(claims);
}

static void floats_print_their_shortest_digits(void **state)
{
	static const struct claim claims[] = {
		{ "0.1+0.2", "0.30000000000000004" },
		{ "1e16", "1e+16" },
		{ "9999999999999998.0", "9999999999999998.0" },
		{ "1e-05", "1e-05" },
		{ "0.0001", "0.0001" },
		{ "123456789.0", "123456789.0" },
		{ "1e22", "1e+22" },
		{ "5e-324", "5e-324" },
		{ "2.2250738585072014e-308", "2.2250738585072014e-308" },
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "2.0**-44", "5.684341886080802e-14" }, /* %.16g would not read back, %.17g is too long */
		{ "9007199254740993.0", "9007199254740992.0" },
		{ "1e400", "inf" },
		{ "-1e400", "-inf" },
		{ "1e400-1e400", "nan" },
		{ "-0.0", "-0.0" },
		{ "100.0", "100.0" },
	};

	(void)state;
	assert_claims(claims);
}

static void the_locale_changes_nothing(void **state)
{
	(void)state;
	/* Where no such locale is installed this is the claim of the test before. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	assert_answer("1.5+0.25", "1.75");
	assert_answer("1,5+0", INVALID);
	setlocale(LC_ALL, "C");
}

static void ints_and_floats_mix_exactly(void **state)
{
	static const struct claim claims[] = {
		{ "2**53 == 2.0**53", "True" },
		{ "2**53+1 == 2.0**53", "False" },
		{ "2**53+1 > 2.0**53", "True" },
		{ "10**400 < 1e400", "True" },
		{ "10**400 > 1e300", "True" },
		{ "1 == 1e400-1e400", "False" },
		{ "10**400/10**399", "10.0" },
		{ "1/10**400", "0.0" },
		{ "0/-5", "-0.0" },
		{ "(2**53+1)/1", "9007199254740992.0" },
		{ "(2**53+3)/1", "9007199254740996.0" },
		{ "10**400*1.0", "OverflowError('int too large to convert to float')" },
		{ "10**400/3", "OverflowError('integer division result too large for a float')" },
		{ "True+1.5", "2.5" },
		{ "-5.5//3", "-2.0" },
		{ "-1%1e400", "inf" },
		{ "0.0//-3", "-0.0" },
	};

	(void)state;
	assert_claims(claims);
}

static void rounding_is_half_to_even_and_exact(void **state)
{
	static const struct claim claims[] = {
		{ "round(2.5)", "2" },
		{ "round(-0.4)", "0" },
		{ "round(-0.4, 0)", "-0.0" },
		{ "round(0.125, 2)", "0.12" },
		{ "round(2.675, 2)", "2.67" },
		{ "round(-250, -2)", "-200" },
		{ "round(350, -2)", "400" },
		{ "round(5, -400)", "0" },
		{ "round(True)", "1" },
		{ "round(1e22, -21)", "1e+22" },
		{ "round(1.7e308, -308)", "OverflowError('rounded value too large to represent')" },
		{ "round(1e400)", "OverflowError('cannot convert float infinity to integer')" },
		{ "round(1, 1.0)", "TypeError(\"'float' object cannot be interpreted as an integer\")" },
	};

	(void)state;
	assert_claims(claims);
}

static void logic_gives_values_and_skips_what_it_need_not_know(void **state)
{
	static const struct claim claims[] = {
		{ "1 and 2", "2" },
		{ "0 or 0.0", "0.0" },
		{ "0 and x", "0" },
		{ "1 or 1/0", "1" },
		{ "1 < 2 < 3", "True" },
		{ "1 < 3 < 2", "False" },
		{ "3 < 2 < x", "False" },
		{ "1 < 2 < x", "NameError(\"name 'x' is not defined\")" },
		{ "1 == 1.0 != 2 >= True", "True" },
		{ "(1 < 2) + True", "2" },
		{ "True & False", "False" },
		{ "True | 2", "3" },
		{ "max(1, True)", "1" },
		{ "max(True, 1)", "True" },
	};

	(void)state;
	assert_claims(claims);
}

static void functions_check_their_arguments_as_python_does(void **state)
{
	static const struct claim claims[] = {
		{ "abs(-3)", "3" },
		{ "max(1, 2.5, 2)", "2.5" },
		{ "min(divmod(7, 2))", "1" },
		{ "int(-2.9)", "-2" },
		{ "float(7)", "7.0" },
		{ "int()", "0" },
		{ "max(1,)", "TypeError(\"'int' object is not iterable\")" },
		{ "abs()", "TypeError('abs() takes exactly one argument (0 given)')" },
		{ "pow(2, 3, 0)", "ValueError('pow() 3rd argument cannot be 0')" },
		{ "pow(2, -1, 4)", "ValueError('base is not invertible for the given modulus')" },
		{ "pow(2.0, 3, 5)", "TypeError('pow() 3rd argument not allowed unless all arguments are integers')" },
		{ "2(3)", "TypeError(\"'int' object is not callable\")" },
		{ "abs", "<built-in function abs>" },
		{ "int", "<class 'int'>" },
		{ "abs < 1", "TypeError(\"'<' not supported between instances of 'builtin_function_or_method' and "
			     "'int'\")" },
		{ "1.5 & 1", "TypeError(\"unsupported operand type(s) for &: 'float' and 'int'\")" },
	};

	(void)state;
	assert_claims(claims);
}

static void exceptions_read_as_python_shows_them(void **state)
{
	static const struct claim claims[] = {
		{ "1/0", "ZeroDivisionError('division by zero')" },
		{ "1//0", "ZeroDivisionError('integer division or modulo by zero')" },
		{ "1%0", "ZeroDivisionError('integer modulo by zero')" },
		{ "1.0%0", "ZeroDivisionError('float modulo')" },
		{ "0**-1", "ZeroDivisionError('0.0 cannot be raised to a negative power')" },
		{ "2.0**1024", "OverflowError(34, 'Numerical result out of range')" },
		{ "1<<-1", "ValueError('negative shift count')" },
		{ "x", "NameError(\"name 'x' is not defined\")" },
		{ "__import__('os')", INVALID },
		{ "(-8)**0.5", "ValueError('negative number cannot be raised to a fractional power')" },
	};

	(void)state;
	assert_claims(claims);
}

static void literals_are_python_s(void **state)
{
	static const struct claim claims[] = {
		{ "0xff + 0o17 + 0b11", "273" },
		{ "0X_f", "15" },
		{ "1_000.0_1", "1000.01" },
		{ "1e1_0", "10000000000.0" },
		{ "00", "0" },
		{ "07.5", "7.5" },
		{ ".5 + 5.", "5.5" },
		{ "1or 2", "1" },
		{ "0x1for 2", "31" },
		{ "1__0", DECIMAL },
		{ "1_", DECIMAL },
		{ "1e", DECIMAL },
		{ "1x", DECIMAL },
		{ "1orx", DECIMAL },
		{ "0x", "SyntaxError('invalid hexadecimal literal')" },
		{ "0b12", "SyntaxError(\"invalid digit '2' in binary literal\")" },
		{ "08", "SyntaxError('leading zeros in decimal integer literals are not permitted; use an 0o prefix "
			"for octal integers')" },
		{ "1j", INVALID },
	};

	(void)state;
	assert_claims(claims);
}

static void syntax_errors_say_what_python_says(void **state)
{
	static const struct claim claims[] = {
		{ "", INVALID },
		{ "\n", INVALID },
		{ "# nothing", INVALID },
		{ "1 + ", INVALID },
		{ "1 2", INVALID },
		{ "(1 2)", COMMA },
		{ "max(1 2)", COMMA },
		{ "(1 not 2)", COMMA },
		{ "1 + not 2", INVALID },
		{ "(1 +", UNCLOSED },
		{ "(1 2", UNCLOSED },
		{ "(1 2 3", COMMA },
		{ "1)", "SyntaxError(\"unmatched ')'\")" },
		{ "1 + * 2)", "SyntaxError(\"unmatched ')'\")" },
		{ "(1]", "SyntaxError(\"closing parenthesis ']' does not match opening parenthesis '('\")" },
		{ "1\\ 2", "SyntaxError('unexpected character after line continuation character')" },
		{ "1 \\\n", "SyntaxError('unexpected EOF while parsing')" },
		{ "2 \xc3\x97 3", "SyntaxError(\"invalid character '×' (U+00D7)\")" },
		{ "1 \xc2\xa0", "SyntaxError('invalid non-printable character U+00A0')" },
		{ "1\x0b", "SyntaxError('invalid non-printable character U+000B')" },
		{ "'a", "SyntaxError('unterminated string literal (detected at line 1)')" },
	};

	(void)state;
	assert_claims(claims);
}

static void what_is_no_arithmetic_is_a_syntax_error(void **state)
{
	static const char *const expressions[] = { "'a'", "[1]", "{1}", "()", "1, 2", "(1,)", "abs.x", "1[0]", "None",
		"lambda: 1", "1 if 2 else 3", "1 is 1", "1 in 2", "x = 1", "(x := 1)", "max(*1)", "pow(2, exp=3)",
		"1; 2", "import os", "1 @ 2", "...", "1\n2", "yield", "max(,)", "abs(1)(" };

	(void)state;
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
		struct calc_answer answer;

		assert_int_equal(calc_eval(expressions[i], strlen(expressions[i]), &answer), 0);
		assert_true(answer.failed);
		assert_int_equal(strncmp(answer.text, "SyntaxError(", strlen("SyntaxError(")), 0);
		calc_answer_fini(&answer);
	}
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	assert_answer_sized("1\0+2", 4, "ValueError('source code string cannot contain null bytes')");
	assert_answer("1 \xff", "SyntaxError(\"(unicode error) 'utf-8' codec can't decode byte 0xff\")");
	assert_answer("1 \xc3", "SyntaxError(\"(unicode error) 'utf-8' codec can't decode byte 0xc3\")");
	assert_answer("1 \xed\xa0\x80", "SyntaxError(\"(unicode error) 'utf-8' codec can't decode byte 0xed\")");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_bind_as_in_python),
		cmocka_unit_test(integers_divide_with_the_sign_of_the_divisor),
		cmocka_unit_test(integers_have_no_word_size),
		cmocka_unit_test(floats_print_their_shortest_digits),
		cmocka_unit_test(the_locale_changes_nothing),
		cmocka_unit_test(ints_and_floats_mix_exactly),
		cmocka_unit_test(rounding_is_half_to_even_and_exact),
		cmocka_unit_test(logic_gives_values_and_skips_what_it_need_not_know),
		cmocka_unit_test(functions_check_their_arguments_as_python_does),
		cmocka_unit_test(exceptions_read_as_python_shows_them),
		cmocka_unit_test(literals_are_python_s),
		cmocka_unit_test(syntax_errors_say_what_python_says),
		cmocka_unit_test(what_is_no_arithmetic_is_a_syntax_error),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
