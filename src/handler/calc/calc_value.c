/* SPDX-License-Identifier: MIT */
/*
 * Decides how values become texts, and one kind another. Invariant: a cleared value is False, so that clearing
 * twice, or what was given away, is harmless.
 */
#include "calc/calc_value.h"

#include "calc/calc_call.h"
#include "calc/calc_limits.h"
#include "calc/calc_memory.h"
#include "calc/calc_number.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct calc_value calc_value_bool(bool truth)
{
	return (struct calc_value){ .kind = CALC_BOOL, .truth = truth };
}

struct calc_value calc_value_float(double number)
{
	return (struct calc_value){ .kind = CALC_FLOAT, .number = number };
}

struct calc_value calc_value_int(void)
{
	struct calc_value value = { .kind = CALC_INT };

	mpz_init(value.integer);
	return value;
}

int calc_value_pair(struct calc_value *ret, struct calc_value first, struct calc_value second)
{
	struct calc_value *pair = calc_memory_take(2, sizeof *pair);

	if (!pair) {
		calc_value_clear(&first);
		calc_value_clear(&second);
		return -ENOMEM;
	}
	pair[0] = first;
	pair[1] = second;
	*ret = (struct calc_value){ .kind = CALC_PAIR, .pair = pair };
	return 0;
}

void calc_value_clear(struct calc_value *value)
{
	if (value->kind == CALC_INT)
		mpz_clear(value->integer);
	if (value->kind == CALC_PAIR) {
		calc_value_clear(&value->pair[0]);
		calc_value_clear(&value->pair[1]);
		calc_memory_give(value->pair);
	}
	*value = calc_value_bool(false);
}

void calc_value_replace(struct calc_value *value, struct calc_value by)
{
	calc_value_clear(value);
	*value = by;
}

bool calc_value_is_number(const struct calc_value *value)
{
	return value->kind == CALC_FLOAT || calc_value_is_integral(value);
}

bool calc_value_is_integral(const struct calc_value *value)
{
	return value->kind == CALC_INT || value->kind == CALC_BOOL;
}

bool calc_value_truth(const struct calc_value *value)
{
	switch (value->kind) {
	case CALC_BOOL:
		return value->truth;
	case CALC_INT:
		return mpz_sgn(value->integer) != 0;
	case CALC_FLOAT:
		return value->number != 0.0;
	default:
		return true;
	}
}

size_t calc_value_limbs(const struct calc_value *value)
{
	return value->kind == CALC_INT ? mpz_size(value->integer) : 1;
}

void calc_value_to_int(struct calc_value *value)
{
	bool truth;

	if (value->kind != CALC_BOOL)
		return;
	truth = value->truth;
	*value = calc_value_int();
	mpz_set_ui(value->integer, truth);
}

int calc_value_to_float(struct calc_job *job, struct calc_value *value)
{
	double number;

	if (value->kind == CALC_FLOAT)
		return 0;
	number = value->kind == CALC_BOOL ? value->truth : calc_number_from_integer(value->integer);
	if (isinf(number))
		return calc_job_raise(job, "OverflowError", "int too large to convert to float");
	calc_value_replace(value, calc_value_float(number));
	return 0;
}

const char *calc_value_type(const struct calc_value *value)
{
	switch (value->kind) {
	case CALC_BOOL:
		return "bool";
	case CALC_INT:
		return "int";
	case CALC_FLOAT:
		return "float";
	case CALC_PAIR:
		return "tuple";
	default:
		return calc_call_is_type(value->function) ? "type" : "builtin_function_or_method";
	}
}

static int reject_digits(struct calc_job *job)
{
	return calc_job_raise(job, "ValueError",
		"Exceeds the limit (%d digits) for integer string conversion; use "
		"sys.set_int_max_str_digits() to increase the limit",
		CALC_TEXT_DIGITS);
}

static int show_integer(struct calc_job *job, const mpz_t integer, struct calc_text *text)
{
	char digits[CALC_TEXT_DIGITS + 3]; /* GMP's estimate may be one too high: a sign, a digit more, a NUL */

	if (mpz_sizeinbase(integer, 10) > CALC_TEXT_DIGITS + 1)
		return reject_digits(job);
	mpz_get_str(digits, 10, integer);
	if (strlen(digits) - (digits[0] == '-') > CALC_TEXT_DIGITS)
		return reject_digits(job);
	calc_text_puts(text, digits);
	return 0;
}

static int show_pair(struct calc_job *job, const struct calc_value *pair, struct calc_text *text)
{
	int r;

	calc_text_puts(text, "(");
	if ((r = calc_value_show(job, &pair[0], text)) < 0)
		return r;
	calc_text_puts(text, ", ");
	if ((r = calc_value_show(job, &pair[1], text)) < 0)
		return r;
	calc_text_puts(text, ")");
	return 0;
}

int calc_value_show(struct calc_job *job, const struct calc_value *value, struct calc_text *text)
{
	char number[CALC_NUMBER_TEXT_SIZE];

	switch (value->kind) {
	case CALC_BOOL:
		calc_text_puts(text, value->truth ? "True" : "False");
		return 0;
	case CALC_INT:
		return show_integer(job, value->integer, text);
	case CALC_FLOAT:
		calc_number_show(value->number, number);
		calc_text_puts(text, number);
		return 0;
	case CALC_PAIR:
		return show_pair(job, value->pair, text);
	default:
		calc_text_printf(text, calc_call_is_type(value->function) ? "<class '%s'>" : "<built-in function %s>",
			calc_call_name(value->function));
		return 0;
	}
}
