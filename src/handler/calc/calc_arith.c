/* SPDX-License-Identifier: MIT */
/*
 * Decides which operands go together and which exception those raise that do not. Integers are calc_integer.c's,
 * floats are here. Called by the machine, and by the functions that are operators under another name.
 */
#include "calc/calc_arith.h"
#include "calc/calc_libm.h"

#include "calc/calc_integer.h"

#include <math.h>

static int reject_operands(
	struct calc_job *job, const char *operation, const struct calc_value *left, const struct calc_value *right)
{
	return calc_job_raise(job, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", operation,
		calc_value_type(left), calc_value_type(right));
}

/* A pair is a Python tuple: it could be added to another and repeated. Here it can not, which is no arithmetic. */
static int reject_binary(struct calc_job *job, enum calc_operator operation, const struct calc_value *left,
	const struct calc_value *right)
{
	const struct calc_value *other = left->kind == CALC_PAIR ? right : left;

	if (operation == CALC_ADD && left->kind == CALC_PAIR && right->kind != CALC_PAIR)
		return calc_job_raise(
			job, "TypeError", "can only concatenate tuple (not \"%s\") to tuple", calc_value_type(right));
	if (operation == CALC_MULTIPLY && (left->kind == CALC_PAIR || right->kind == CALC_PAIR) &&
		!calc_value_is_integral(other))
		return calc_job_raise(
			job, "TypeError", "can't multiply sequence by non-int of type '%s'", calc_value_type(other));
	return reject_operands(job, calc_operator_text(operation), left, right);
}

static int reject_unary(struct calc_job *job, enum calc_operator operation, const struct calc_value *value)
{
	return calc_job_raise(job, "TypeError", "bad operand type for unary %s: '%s'", calc_operator_text(operation),
		calc_value_type(value));
}

int calc_arith_unary(struct calc_job *job, enum calc_operator operation, struct calc_value *value)
{
	if (operation == CALC_LOGICAL_NOT) {
		calc_value_replace(value, calc_value_bool(!calc_value_truth(value)));
		return 0;
	}
	if (!calc_value_is_number(value) || (operation == CALC_INVERT && !calc_value_is_integral(value)))
		return reject_unary(job, operation, value);
	if (value->kind == CALC_FLOAT) {
		value->number = operation == CALC_NEGATE ? -value->number : value->number;
		return 0;
	}
	calc_value_to_int(value);
	if (operation == CALC_NEGATE)
		mpz_neg(value->integer, value->integer);
	else if (operation == CALC_INVERT)
		mpz_com(value->integer, value->integer);
	return 0;
}

static bool is_bitwise(enum calc_operator operation)
{
	return operation == CALC_AND || operation == CALC_OR || operation == CALC_XOR;
}

static struct calc_value combine_bools(enum calc_operator operation, bool left, bool right)
{
	if (operation == CALC_AND)
		return calc_value_bool(left && right);
	return calc_value_bool(operation == CALC_OR ? left || right : left != right);
}

/* Quotient and rest with the signs of Python: the rest has that of the divisor, be it a zero. divisor != 0. */
static void divide_floats(double dividend, double divisor, double *ret_quotient, double *ret_rest)
{
	double rest = calc_libm.fmod(dividend, divisor);
	double quotient = (dividend - rest) / divisor;
	double floored;

	if (rest == 0.0) {
		rest = copysign(0.0, divisor);
	} else if ((rest < 0.0) != (divisor < 0.0)) {
		rest += divisor;
		quotient -= 1.0;
	}
	*ret_rest = rest;
	if (quotient == 0.0) {
		*ret_quotient = copysign(0.0, dividend / divisor);
		return;
	}
	/* The quotient is an integer but for the error of the division. */
	floored = calc_libm.floor(quotient);
	*ret_quotient = quotient - floored > 0.5 ? floored + 1.0 : floored;
}

/* pow() of libm, but for what Python makes an exception of. */
static int power_floats(struct calc_job *job, double base, double exponent, double *ret)
{
	bool finite = isfinite(base) && isfinite(exponent);
	double result;

	if (finite && base == 0.0 && exponent < 0.0)
		return calc_job_raise(job, "ZeroDivisionError", "0.0 cannot be raised to a negative power");
	if (finite && base < 0.0 && exponent != calc_libm.floor(exponent))
		return calc_job_raise(job, "ValueError", "negative number cannot be raised to a fractional power");
	result = calc_libm.pow(base, exponent);
	if (finite && isinf(result))
		return calc_job_raise_range(job);
	*ret = result;
	return 0;
}

static int check_divisor(struct calc_job *job, enum calc_operator operation, double divisor)
{
	if (divisor != 0.0)
		return 0;
	return calc_job_raise(job, "ZeroDivisionError", "%s",
		operation == CALC_DIVIDE         ? "float division by zero"
		: operation == CALC_FLOOR_DIVIDE ? "float floor division by zero"
						 : "float modulo");
}

static int combine_floats(struct calc_job *job, enum calc_operator operation, double *left, double right)
{
	double other;
	int r;

	switch (operation) {
	case CALC_ADD:
		*left += right;
		return 0;
	case CALC_SUBTRACT:
		*left -= right;
		return 0;
	case CALC_MULTIPLY:
		*left *= right;
		return 0;
	case CALC_POWER:
		return power_floats(job, *left, right, left);
	default:
		break;
	}
	if ((r = check_divisor(job, operation, right)) < 0)
		return r;
	if (operation == CALC_DIVIDE)
		*left /= right;
	else if (operation == CALC_FLOOR_DIVIDE)
		divide_floats(*left, right, left, &other);
	else
		divide_floats(*left, right, &other, left);
	return 0;
}

static int floats(
	struct calc_job *job, enum calc_operator operation, struct calc_value *left, struct calc_value *right)
{
	int r;

	if ((r = calc_value_to_float(job, left)) < 0 || (r = calc_value_to_float(job, right)) < 0)
		return r;
	return combine_floats(job, operation, &left->number, right->number);
}

static int integers(
	struct calc_job *job, enum calc_operator operation, struct calc_value *left, struct calc_value *right)
{
	double quotient;
	int r;

	calc_value_to_int(left);
	calc_value_to_int(right);
	if (operation == CALC_POWER && mpz_sgn(right->integer) < 0)
		return floats(job, operation, left, right);
	if (operation != CALC_DIVIDE)
		return calc_integer_binary(job, operation, left->integer, right->integer);
	if ((r = calc_integer_divide(job, left->integer, right->integer, &quotient)) < 0)
		return r;
	calc_value_replace(left, calc_value_float(quotient));
	return 0;
}

int calc_arith_binary(
	struct calc_job *job, enum calc_operator operation, struct calc_value *left, struct calc_value *right)
{
	bool integral = calc_value_is_integral(left) && calc_value_is_integral(right);
	bool integral_only = is_bitwise(operation) || operation == CALC_SHIFT_LEFT || operation == CALC_SHIFT_RIGHT;

	if (!calc_value_is_number(left) || !calc_value_is_number(right) || (integral_only && !integral))
		return reject_binary(job, operation, left, right);
	if (is_bitwise(operation) && left->kind == CALC_BOOL && right->kind == CALC_BOOL) {
		*left = combine_bools(operation, left->truth, right->truth);
		return 0;
	}
	return integral ? integers(job, operation, left, right) : floats(job, operation, left, right);
}

static int divmod_floats(struct calc_job *job, struct calc_value *left, struct calc_value *right)
{
	int r;

	if ((r = calc_value_to_float(job, left)) < 0 || (r = calc_value_to_float(job, right)) < 0)
		return r;
	if (right->number == 0.0)
		return calc_job_raise(job, "ZeroDivisionError", "float divmod()");
	divide_floats(left->number, right->number, &left->number, &right->number);
	return 0;
}

int calc_arith_divmod(struct calc_job *job, struct calc_value *left, struct calc_value *right)
{
	struct calc_value first, second;
	int r;

	if (!calc_value_is_number(left) || !calc_value_is_number(right))
		return reject_operands(job, "divmod()", left, right);
	if (calc_value_is_integral(left) && calc_value_is_integral(right)) {
		calc_value_to_int(left);
		calc_value_to_int(right);
		r = calc_integer_divmod(job, left->integer, right->integer);
	} else {
		r = divmod_floats(job, left, right);
	}
	if (r < 0)
		return r;
	first = *left;
	second = *right;
	*left = *right = calc_value_bool(false);
	return calc_value_pair(left, first, second);
}
