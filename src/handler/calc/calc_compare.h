/* SPDX-License-Identifier: MIT */
/* Comparison as Python does it: ints with floats exactly, pairs item by item. */
#ifndef HANDLER_CALC_CALC_COMPARE_H
#define HANDLER_CALC_CALC_COMPARE_H

#include "calc/calc_operator.h"
#include "calc/calc_value.h"

/* operator is one of CALC_LESS … CALC_GREATER_EQUAL. -EDOM and a TypeError for what has no order. */
int calc_compare(struct calc_job *job, enum calc_operator operation, const struct calc_value *left,
	const struct calc_value *right, bool *ret_holds);

#endif
