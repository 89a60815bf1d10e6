/* SPDX-License-Identifier: MIT */
/* From code to a value. */
#ifndef HANDLER_CALC_CALC_MACHINE_H
#define HANDLER_CALC_CALC_MACHINE_H

#include "calc/calc_code.h"
#include "calc/calc_value.h"

/* Carry out what calc_parse wrote for this text. *ret_value is set on success only; clear it. */
int calc_machine_run(struct calc_job *job, const char *text, const struct calc_instruction *code, size_t code_size,
	struct calc_value *ret_value);

#endif
