/* SPDX-License-Identifier: MIT */
/* Python's operators on values of any kind. The result replaces the left or only operand; right operands may be
 * used up, but stay the caller's to clear. */
#ifndef HANDLER_CALC_CALC_ARITH_H
#define HANDLER_CALC_CALC_ARITH_H

#include "calc/calc_operator.h"
#include "calc/calc_value.h"

int calc_arith_unary(struct calc_job *job, enum calc_operator operation, struct calc_value *value);
int calc_arith_binary(
	struct calc_job *job, enum calc_operator operation, struct calc_value *left, struct calc_value *right);
int calc_arith_divmod(struct calc_job *job, struct calc_value *left, struct calc_value *right);

#endif
