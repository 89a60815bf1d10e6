/* SPDX-License-Identifier: MIT */
/* Claims about what nobody can make calc do: each bound of calc_limits.h, at it and beyond it, and the stack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "brood/brood.h"
#include "handler/calc/calc_eval.h"
#include "handler/calc/calc_libm.h"
#include "handler/calc/calc_limits.h"

#define TOO_LARGE "OverflowError('integer too large: at most 32768 bits here')"

struct claim {
	const char *expression;
	const char *answer;
};

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

/* head, count times middle, tail; to be freed. */
static char *repeat(const char *head, const char *middle, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + count * strlen(middle) + strlen(tail) + 1);
	char *end;

	assert_non_null(text);
	end = stpcpy(text, head);
	while (count-- > 0)
		end = stpcpy(end, middle);
	strcpy(end, tail);
	return text;
}

static void assert_repeated(const char *middle, size_t count, const char *tail, const char *expected)
{
	char *text = repeat("", middle, count, tail);

	assert_answer(text, expected);
	free(text);
}

static void the_line_is_bounded(void **state)
{
	(void)state;
	assert_repeated(" ", CALC_LINE_SIZE - 1, "7", "7");
	assert_repeated(" ", CALC_LINE_SIZE, "7", "ValueError('expression too long: at most 65536 bytes')");
	assert_answer_sized(
		"not looked at", (size_t)1 << 40, "ValueError('expression too long: at most 65536 bytes')");
}

static void nesting_is_bounded(void **state)
{
	char *deep = repeat("", "(", CALC_NESTING, "1"), *closed;

	(void)state;
	closed = repeat(deep, ")", CALC_NESTING, "");
	assert_answer(closed, "1");
	free(closed);
	free(deep);
	assert_repeated("(", CALC_NESTING + 1, "1", "SyntaxError('too many nested parentheses')");
	assert_repeated("(", CALC_LINE_SIZE, "", "SyntaxError('too many nested parentheses')");
	assert_repeated("-", CALC_LINE_SIZE - 2, "1", "1");
	assert_repeated("not ", 10001, "1", "False");
}

static void sizes_are_bounded_before_the_operation(void **state)
{
	static const struct claim claims[] = {
		{ "(1 << 32767) > 0", "True" },
		{ "1 << 32768", TOO_LARGE },
		{ "1 << 10**30", TOO_LARGE },
		{ "0 << 10**30", "0" },
		{ "2**32767 > 0", "True" },
		{ "2**32768", TOO_LARGE },
		{ "9**9**9", TOO_LARGE },
		{ "1**9**999", "1" },
		{ "(-1)**(9**999)", "-1" },
		{ "(1 << 16383) * (1 << 16383) > 0", "True" },
		{ "(1 << 20000) * (1 << 20000)", TOO_LARGE },
		{ "(1 << 32767) + (1 << 32767)", TOO_LARGE },
		{ "pow(3, 10**5, 1 << 16383) > 0", "True" },
		{ "pow(3, 10**5, 1 << 16384)", TOO_LARGE },
	};
	char *long_literal = repeat("0x", "f", 9000, "");

	(void)state;
	assert_claims(claims);
	assert_answer(long_literal, TOO_LARGE);
	free(long_literal);
}

static void digits_are_bounded_both_ways(void **state)
{
	static const char printing[] =
		"ValueError('Exceeds the limit (4300 digits) for integer string conversion; use "
		"sys.set_int_max_str_digits() to increase the limit')";
	static const char reading[] =
		"SyntaxError('Exceeds the limit (4300 digits) for integer string conversion: value "
		"has 4301 digits; use sys.set_int_max_str_digits() to increase the limit - Consider "
		"hexadecimal for huge integer literals to avoid decimal conversion limits.')";
	char *nines = repeat("", "9", CALC_TEXT_DIGITS, "");

	(void)state;
	assert_answer(nines, nines);
	free(nines);
	assert_answer("10**4300", printing);
	assert_answer("divmod(10**4400, 3)", printing);
	assert_repeated("9", CALC_TEXT_DIGITS + 1, "", reading);
	assert_repeated("0", CALC_TEXT_DIGITS + 1, "", "0");
	assert_repeated("0", CALC_TEXT_DIGITS + 1, ".5", "0.5");
}

static void operands_are_bounded(void **state)
{
	char *text = repeat("max(", "1,", CALC_OPERANDS - 1, ")");

	(void)state;
	assert_answer(text, "1");
	free(text);
	text = repeat("max(", "(1<<32000),", CALC_OPERANDS, ")");
	assert_answer(text, "MemoryError('too many operands: at most 2048 at a time')");
	free(text);
}

static int64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void time_is_bounded(void **state)
{
	char *chain = repeat("1", " + 0*pow(3, 1 << 5000, (1 << 9000) - 1)", 1000, "");
	const char *const slow[] = { chain, "pow(3, (1 << 32760) - 1, (1 << 16383) - 1)" };

	(void)state;
	for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
		int64_t begin = cpu_ms();

		assert_answer(slow[i], "TimeoutError('expression took more than 1000 ms')");
		assert_in_range(cpu_ms() - begin, CALC_CPU_MS - 100, CALC_CPU_MS + 500);
	}
	free(chain);
}

/* A thread's stack, of whose pages the kernel knows which were touched: how deep it ever was. */
#define STACK_SIZE (1u << 20)
#define PAGE_SIZE  4096u

static void *eval_thread(void *expression)
{
	struct calc_answer answer;

	if (calc_eval(expression, strlen(expression), &answer) == 0)
		calc_answer_fini(&answer);
	return NULL;
}

static size_t stack_used(char *expression)
{
	unsigned char touched[STACK_SIZE / PAGE_SIZE];
	size_t untouched = 0;
	pthread_attr_t attributes;
	pthread_t thread;
	void *stack;

	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	assert_ptr_not_equal(stack, MAP_FAILED);
	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_SIZE), 0);
	assert_int_equal(pthread_create(&thread, &attributes, eval_thread, expression), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	assert_int_equal(mincore(stack, STACK_SIZE, touched), 0);
	while (untouched < sizeof touched && (touched[untouched] & 1) == 0)
		untouched++;
	munmap(stack, STACK_SIZE);
	return STACK_SIZE - untouched * PAGE_SIZE;
}

/* The operands of this operation, left and right, are as large as they may be together. */
struct operation {
	const char *before, *between, *after;
	bool share;        /* the left operand gets what the right one leaves of the bits */
	int right_percent; /* the most that the right one may have */
};

static bool is_too_large(const char *text)
{
	struct calc_answer answer;
	bool too_large;

	assert_int_equal(calc_eval(text, strlen(text), &answer), 0);
	too_large = strcmp(answer.text, TOO_LARGE) == 0;
	calc_answer_fini(&answer);
	return too_large;
}

static size_t worst_operands(const struct operation *operation)
{
	size_t worst = 0, used;
	char text[128];

	for (int bits = 200; bits < CALC_INTEGER_BITS; bits += 900) {
		int right = bits * operation->right_percent / 100;
		int left = CALC_INTEGER_BITS - 2 - (operation->share ? right : 0);

		snprintf(text, sizeof text, "%s((1<<%d)-5)%s((1<<%d)-(1<<77)-1)%s > 0", operation->before, left,
			operation->between, right, operation->after);
		assert_false(is_too_large(text)); /* else this would measure nothing */
		used = stack_used(text);
		worst = used > worst ? used : worst;
	}
	return worst;
}

static __attribute__((unused)) void every_expression_fits_the_stack_of_a_handler(void **state)
{
	char *const texts[] = {
		repeat("1", " or 0<1 and 1|1^1&1<<1+1*-1**(1", 150, ""),
		repeat("", "-", CALC_LINE_SIZE - 1, "1"),
		repeat("1", "<2", 30000, ""),
		repeat("", "7", CALC_TEXT_DIGITS, ""),
		repeat("0.", "7", 60000, "e-300"),
		repeat("", "x", CALC_LINE_SIZE, ""),
		repeat("1.7976931348623157e308 + round(5e-324, ", "3", 3, ")"),
	};
	static const struct operation operations[] = {
		{ "", " // ", "", false, 100 },
		{ "", " % ", "", false, 100 },
		{ "", " / ", "", false, 100 },
		{ "", " * ", "", true, 100 },
		{ "max(divmod(", ", ", "))", false, 100 },
		{ "pow(", ", 99, ", ")", false, 50 },
		{ "pow(", ", -1, ", ")", false, 50 },
	};
	/* A quarter is left to whoever called. */
	const size_t enough = (size_t)BROOD_STACK_KIB * 1024 * 3 / 4;

	(void)state;
	assert_int_equal(calc_libm_open(), 0); /* as load does, on the stack of its process */
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_in_range(stack_used(texts[i]), 1, enough);
		free(texts[i]);
	}
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		assert_in_range(worst_operands(&operations[i]), 1, enough);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_bounded),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(sizes_are_bounded_before_the_operation),
		cmocka_unit_test(digits_are_bounded_both_ways),
		cmocka_unit_test(operands_are_bounded),
		cmocka_unit_test(time_is_bounded),
#ifndef __SANITIZE_THREAD__ /* whose own frames (setjmp, malloc) are what would be measured */
		cmocka_unit_test(every_expression_fits_the_stack_of_a_handler),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
