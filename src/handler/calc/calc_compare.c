/* SPDX-License-Identifier: MIT */
/* Decides the order of values. A bool compares as 0.0 or 1.0, which is exact; an int never becomes a double. */
#include "calc/calc_compare.h"

#include <math.h>

/* Beside -1, 0 and 1. */
#define UNORDERED 2

static int order_doubles(double left, double right)
{
	return left < right ? -1 : left > right ? 1 : left == right ? 0 : UNORDERED;
}

/* mpz_cmp_d takes infinities, and no NaN. */
static int order_integer(const mpz_t left, double right)
{
	int order;

	if (isnan(right))
		return UNORDERED;
	order = mpz_cmp_d(left, right);
	return order < 0 ? -1 : order > 0;
}

static int order_numbers(const struct calc_value *left, const struct calc_value *right)
{
	double left_number = left->kind == CALC_BOOL ? left->truth : left->kind == CALC_FLOAT ? left->number : 0;
	double right_number = right->kind == CALC_BOOL ? right->truth : right->kind == CALC_FLOAT ? right->number : 0;
	int order;

	if (left->kind == CALC_INT && right->kind == CALC_INT) {
		order = mpz_cmp(left->integer, right->integer);
		return order < 0 ? -1 : order > 0;
	}
	if (left->kind == CALC_INT)
		return order_integer(left->integer, right_number);
	if (right->kind == CALC_INT) {
		order = order_integer(right->integer, left_number);
		return order == UNORDERED ? order : -order;
	}
	return order_doubles(left_number, right_number);
}

static bool holds(enum calc_operator operation, int order)
{
	switch (operation) {
	case CALC_LESS:
		return order == -1;
	case CALC_LESS_EQUAL:
		return order == -1 || order == 0;
	case CALC_EQUAL:
		return order == 0;
	case CALC_NOT_EQUAL:
		return order != 0;
	case CALC_GREATER:
		return order == 1;
	default:
		return order == 1 || order == 0;
	}
}

/* The first items that differ decide. Items are numbers. */
static int order_pairs(const struct calc_value *left, const struct calc_value *right)
{
	int order = order_numbers(&left[0], &right[0]);

	return order != 0 ? order : order_numbers(&left[1], &right[1]);
}

int calc_compare(struct calc_job *job, enum calc_operator operation, const struct calc_value *left,
	const struct calc_value *right, bool *ret_holds)
{
	if (calc_value_is_number(left) && calc_value_is_number(right))
		*ret_holds = holds(operation, order_numbers(left, right));
	else if (left->kind == CALC_PAIR && right->kind == CALC_PAIR)
		*ret_holds = holds(operation, order_pairs(left->pair, right->pair));
	else if (operation == CALC_EQUAL || operation == CALC_NOT_EQUAL)
		*ret_holds =
			(operation == CALC_EQUAL) == (left->kind == CALC_FUNCTION && right->kind == CALC_FUNCTION &&
							     left->function == right->function);
	else
		return calc_job_raise(job, "TypeError", "'%s' not supported between instances of '%s' and '%s'",
			calc_operator_text(operation), calc_value_type(left), calc_value_type(right));
	return 0;
}
