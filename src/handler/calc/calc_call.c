/* SPDX-License-Identifier: MIT */
/*
 * Decides what can be called and with what. Python's own order of checks: how many arguments, of which types, which
 * values. Called by the machine.
 */
#include "calc/calc_call.h"

#include "calc/calc_arith.h"
#include "calc/calc_compare.h"
#include "calc/calc_integer.h"
#include "calc/calc_libm.h"
#include "calc/calc_number.h"

#include <math.h>
#include <string.h>

/* Beyond these, rounding a double to so many digits changes nothing, or leaves nothing. */
#define MOST_ROUND_DIGITS  323
#define LEAST_ROUND_DIGITS (-308)

#define LEAST_BASE         2
#define MOST_BASE          36

typedef int call_fn(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret);

struct calc_function {
	const char *name;
	call_fn *call;
	bool is_type;
};

static int reject_count(struct calc_job *job, const char *expected, size_t count)
{
	return calc_job_raise(job, "TypeError", "%s%zu%s", expected, count, strchr(expected, '(') ? " given)" : "");
}

static int reject_missing(struct calc_job *job, const char *function, const char *name, int position)
{
	return calc_job_raise(
		job, "TypeError", "%s() missing required argument '%s' (pos %d)", function, name, position);
}

/* Give an argument back as the result. */
static int give(struct calc_value *argument, struct calc_value *ret)
{
	*ret = *argument;
	*argument = calc_value_bool(false);
	return 0;
}

/* What Python asks of a count or an index. */
static int check_index(struct calc_job *job, const struct calc_value *value)
{
	if (calc_value_is_integral(value))
		return 0;
	return calc_job_raise(
		job, "TypeError", "'%s' object cannot be interpreted as an integer", calc_value_type(value));
}

/* A double without its fraction. */
static int to_integer(struct calc_job *job, double number, struct calc_value *ret)
{
	if (isinf(number))
		return calc_job_raise(job, "OverflowError", "cannot convert float infinity to integer");
	if (isnan(number))
		return calc_job_raise(job, "ValueError", "cannot convert float NaN to integer");
	*ret = calc_value_int();
	mpz_set_d(ret->integer, number);
	return 0;
}

static int call_abs(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	if (count != 1)
		return reject_count(job, "abs() takes exactly one argument (", count);
	if (!calc_value_is_number(arguments))
		return calc_job_raise(
			job, "TypeError", "bad operand type for abs(): '%s'", calc_value_type(arguments));
	if (arguments->kind == CALC_FLOAT) {
		arguments->number = fabs(arguments->number);
	} else {
		calc_value_to_int(arguments);
		mpz_abs(arguments->integer, arguments->integer);
	}
	return give(arguments, ret);
}

static int call_divmod(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	int r;

	if (count != 2)
		return reject_count(job, "divmod expected 2 arguments, got ", count);
	if ((r = calc_arith_divmod(job, &arguments[0], &arguments[1])) < 0)
		return r;
	return give(arguments, ret);
}

static int call_float(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	int r;

	if (count > 1)
		return reject_count(job, "float expected at most 1 argument, got ", count);
	if (count == 0) {
		*ret = calc_value_float(0.0);
		return 0;
	}
	if (!calc_value_is_number(arguments))
		return calc_job_raise(job, "TypeError",
			"float() argument must be a string or a real number, not '%s'", calc_value_type(arguments));
	if ((r = calc_value_to_float(job, arguments)) < 0)
		return r;
	return give(arguments, ret);
}

/* A base belongs to a text, and there are no texts. */
static int reject_base(struct calc_job *job, struct calc_value *base)
{
	int r;

	if ((r = check_index(job, base)) < 0)
		return r;
	calc_value_to_int(base);
	if (mpz_sgn(base->integer) != 0 &&
		(mpz_cmp_ui(base->integer, LEAST_BASE) < 0 || mpz_cmp_ui(base->integer, MOST_BASE) > 0))
		return calc_job_raise(
			job, "ValueError", "int() base must be >= %d and <= %d, or 0", LEAST_BASE, MOST_BASE);
	return calc_job_raise(job, "TypeError", "int() can't convert non-string with explicit base");
}

static int call_int(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	if (count > 2)
		return reject_count(job, "int() takes at most 2 arguments (", count);
	if (count == 2)
		return reject_base(job, &arguments[1]);
	if (count == 0) {
		*ret = calc_value_int();
		return 0;
	}
	if (!calc_value_is_number(arguments))
		return calc_job_raise(job, "TypeError",
			"int() argument must be a string, a bytes-like object or a real number, not '%s'",
			calc_value_type(arguments));
	if (arguments->kind == CALC_FLOAT)
		return to_integer(job, arguments->number, ret);
	calc_value_to_int(arguments);
	return give(arguments, ret);
}

/* The first of those that compare as wanted with all others. */
static int select_extreme(struct calc_job *job, enum calc_operator wanted, struct calc_value *arguments, size_t count,
	struct calc_value *ret)
{
	const char *name = wanted == CALC_GREATER ? "max" : "min";
	struct calc_value *items = arguments, *best;
	bool better;
	int r;

	if (count == 0)
		return calc_job_raise(job, "TypeError", "%s expected at least 1 argument, got 0", name);
	if (count == 1 && arguments->kind != CALC_PAIR)
		return calc_job_raise(job, "TypeError", "'%s' object is not iterable", calc_value_type(arguments));
	if (count == 1) {
		items = arguments->pair;
		count = 2;
	}
	best = items;
	for (size_t i = 1; i < count; i++) {
		if ((r = calc_compare(job, wanted, &items[i], best, &better)) < 0)
			return r;
		if (better)
			best = &items[i];
	}
	return give(best, ret);
}

static int call_max(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	return select_extreme(job, CALC_GREATER, arguments, count, ret);
}

static int call_min(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	return select_extreme(job, CALC_LESS, arguments, count, ret);
}

static int power_modulo(struct calc_job *job, struct calc_value *arguments)
{
	bool integral = true, real = false;

	for (int i = 0; i < 3; i++) {
		integral = integral && calc_value_is_integral(&arguments[i]);
		real = real || arguments[i].kind == CALC_FLOAT;
	}
	if (real)
		return calc_job_raise(
			job, "TypeError", "pow() 3rd argument not allowed unless all arguments are integers");
	if (!integral)
		return calc_job_raise(job, "TypeError",
			"unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'",
			calc_value_type(&arguments[0]), calc_value_type(&arguments[1]),
			calc_value_type(&arguments[2]));
	for (int i = 0; i < 3; i++)
		calc_value_to_int(&arguments[i]);
	return calc_integer_power_modulo(job, arguments[0].integer, arguments[1].integer, arguments[2].integer);
}

static int call_pow(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	int r;

	if (count < 2)
		return reject_missing(job, "pow", count == 0 ? "base" : "exp", (int)count + 1);
	if (count > 3)
		return reject_count(job, "pow() takes at most 3 arguments (", count);
	if (count == 3)
		r = power_modulo(job, arguments);
	else
		r = calc_arith_binary(job, CALC_POWER, &arguments[0], &arguments[1]);
	return r < 0 ? r : give(arguments, ret);
}

static int round_float(struct calc_job *job, struct calc_value *value, const struct calc_value *digits)
{
	long count = LEAST_ROUND_DIGITS - 1;

	if (mpz_cmp_si(digits->integer, MOST_ROUND_DIGITS) > 0 || !isfinite(value->number))
		return 0;
	if (mpz_cmp_si(digits->integer, LEAST_ROUND_DIGITS) >= 0)
		count = mpz_get_si(digits->integer);
	value->number = count < LEAST_ROUND_DIGITS ? 0.0 * value->number : calc_number_round(value->number, count);
	if (isinf(value->number))
		return calc_job_raise(job, "OverflowError", "rounded value too large to represent");
	return 0;
}

static int call_round(struct calc_job *job, struct calc_value *arguments, size_t count, struct calc_value *ret)
{
	int r = 0;

	if (count == 0)
		return reject_missing(job, "round", "number", 1);
	if (count > 2)
		return reject_count(job, "round() takes at most 2 arguments (", count);
	if (!calc_value_is_number(arguments))
		return calc_job_raise(
			job, "TypeError", "type %s doesn't define __round__ method", calc_value_type(arguments));
	if (count == 1 && arguments->kind == CALC_FLOAT)
		return to_integer(job, calc_libm.nearbyint(arguments->number), ret);
	if (count == 2 && (r = check_index(job, &arguments[1])) < 0)
		return r;
	if (count == 2)
		calc_value_to_int(&arguments[1]);
	if (arguments->kind == CALC_FLOAT) {
		r = round_float(job, &arguments[0], &arguments[1]);
	} else {
		calc_value_to_int(&arguments[0]);
		if (count == 2)
			calc_integer_round(arguments[0].integer, arguments[1].integer);
	}
	return r < 0 ? r : give(arguments, ret);
}

static const struct calc_function functions[] = {
	{ "abs", call_abs, false },
	{ "divmod", call_divmod, false },
	{ "float", call_float, true },
	{ "int", call_int, true },
	{ "max", call_max, false },
	{ "min", call_min, false },
	{ "pow", call_pow, false },
	{ "round", call_round, false },
};

const struct calc_function *calc_call_find(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (strlen(functions[i].name) == size && memcmp(functions[i].name, name, size) == 0)
			return &functions[i];
	return NULL;
}

const char *calc_call_name(const struct calc_function *function)
{
	return function->name;
}

bool calc_call_is_type(const struct calc_function *function)
{
	return function->is_type;
}

int calc_call(struct calc_job *job, const struct calc_value *callee, struct calc_value *arguments, size_t count,
	struct calc_value *ret)
{
	if (callee->kind != CALC_FUNCTION)
		return calc_job_raise(job, "TypeError", "'%s' object is not callable", calc_value_type(callee));
	return callee->function->call(job, arguments, count, ret);
}
