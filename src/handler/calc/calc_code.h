/* SPDX-License-Identifier: MIT */
/* What calc_parse makes of an expression and calc_machine carries out: code for a machine with a stack of values. */
#ifndef HANDLER_CALC_CALC_CODE_H
#define HANDLER_CALC_CALC_CODE_H

#include "calc/calc_operator.h"

#include <stddef.h>
#include <stdint.h>

enum calc_opcode {
	CALC_CODE_INTEGER, /* push the literal at text + offset, size */
	CALC_CODE_FLOAT,
	CALC_CODE_NAME, /* push what it names */
	CALC_CODE_BOOL, /* push size != 0 */
	CALC_CODE_UNARY,
	CALC_CODE_BINARY,
	CALC_CODE_COMPARE,
	CALC_CODE_CHAIN, /* compare; true: keep the right operand for the next; false: push it, jump to offset */
	CALC_CODE_AND,   /* false: jump to offset; true: drop it */
	CALC_CODE_OR,    /* true: jump to offset; false: drop it */
	CALC_CODE_CALL,  /* what lies below size arguments */
};

struct calc_instruction {
	enum calc_opcode opcode;
	enum calc_operator operation;
	uint32_t offset, size;
};

#endif
