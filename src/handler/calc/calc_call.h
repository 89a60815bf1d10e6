/* SPDX-License-Identifier: MIT */
/* The functions that an expression can call; nothing else has a name. */
#ifndef HANDLER_CALC_CALC_CALL_H
#define HANDLER_CALC_CALC_CALL_H

#include "calc/calc_value.h"

struct calc_function;

const struct calc_function *calc_call_find(const char *name, size_t size); /* NULL: there is none */
const char *calc_call_name(const struct calc_function *function);
bool calc_call_is_type(const struct calc_function *function); /* Python's int and float are classes */

/* Arguments may be used up, but stay the caller's to clear. *ret is an empty value before. */
int calc_call(struct calc_job *job, const struct calc_value *callee, struct calc_value *arguments, size_t count,
	struct calc_value *ret);

#endif
