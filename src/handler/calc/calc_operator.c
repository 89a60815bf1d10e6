/* SPDX-License-Identifier: MIT */
/*
 * The one table of operators: calc_token looks words up in it, calc_parse precedence, whoever raises an exception
 * how they are written.
 */
#include "calc/calc_operator.h"

static const struct {
	const char *text;
	enum calc_precedence precedence;
} operators[] = {
	[CALC_LOGICAL_OR] = { "or", CALC_PRECEDENCE_OR },
	[CALC_LOGICAL_AND] = { "and", CALC_PRECEDENCE_AND },
	[CALC_LOGICAL_NOT] = { "not", CALC_PRECEDENCE_NOT },
	[CALC_LESS] = { "<", CALC_PRECEDENCE_COMPARE },
	[CALC_LESS_EQUAL] = { "<=", CALC_PRECEDENCE_COMPARE },
	[CALC_EQUAL] = { "==", CALC_PRECEDENCE_COMPARE },
	[CALC_NOT_EQUAL] = { "!=", CALC_PRECEDENCE_COMPARE },
	[CALC_GREATER] = { ">", CALC_PRECEDENCE_COMPARE },
	[CALC_GREATER_EQUAL] = { ">=", CALC_PRECEDENCE_COMPARE },
	[CALC_OR] = { "|", CALC_PRECEDENCE_BIT_OR },
	[CALC_XOR] = { "^", CALC_PRECEDENCE_BIT_XOR },
	[CALC_AND] = { "&", CALC_PRECEDENCE_BIT_AND },
	[CALC_SHIFT_LEFT] = { "<<", CALC_PRECEDENCE_SHIFT },
	[CALC_SHIFT_RIGHT] = { ">>", CALC_PRECEDENCE_SHIFT },
	[CALC_ADD] = { "+", CALC_PRECEDENCE_SUM },
	[CALC_SUBTRACT] = { "-", CALC_PRECEDENCE_SUM },
	[CALC_MULTIPLY] = { "*", CALC_PRECEDENCE_PRODUCT },
	[CALC_DIVIDE] = { "/", CALC_PRECEDENCE_PRODUCT },
	[CALC_FLOOR_DIVIDE] = { "//", CALC_PRECEDENCE_PRODUCT },
	[CALC_MODULO] = { "%", CALC_PRECEDENCE_PRODUCT },
	[CALC_PLUS] = { "+", CALC_PRECEDENCE_SIGN },
	[CALC_NEGATE] = { "-", CALC_PRECEDENCE_SIGN },
	[CALC_INVERT] = { "~", CALC_PRECEDENCE_SIGN },
	/* Python's own messages name power so. */
	[CALC_POWER] = { "** or pow()", CALC_PRECEDENCE_POWER },
};

const char *calc_operator_text(enum calc_operator operation)
{
	return operators[operation].text;
}

enum calc_precedence calc_operator_precedence(enum calc_operator operation)
{
	return operators[operation].precedence;
}
