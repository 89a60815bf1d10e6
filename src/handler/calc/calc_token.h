/* SPDX-License-Identifier: MIT */
/*
 * An expression cut into tokens, all at once: Python reports what is wrong with a token before what is wrong
 * with the order of tokens, wherever in the line it stands.
 */
#ifndef HANDLER_CALC_CALC_TOKEN_H
#define HANDLER_CALC_CALC_TOKEN_H

#include "calc/calc_job.h"
#include "calc/calc_operator.h"

#include <stddef.h>
#include <stdint.h>

enum calc_token_kind {
	CALC_TOKEN_END,
	CALC_TOKEN_INTEGER, /* any base */
	CALC_TOKEN_FLOAT,
	CALC_TOKEN_TRUE,
	CALC_TOKEN_FALSE,
	CALC_TOKEN_NAME,
	CALC_TOKEN_OPERATOR, /* + and - are always CALC_ADD and CALC_SUBTRACT here */
	CALC_TOKEN_OPEN,
	CALC_TOKEN_CLOSE,
	CALC_TOKEN_COMMA,
	CALC_TOKEN_CUT,     /* the end, where a line was to follow */
	CALC_TOKEN_BROKEN,  /* a backslash not at the end of a line, after which nothing is looked at */
	CALC_TOKEN_FOREIGN, /* Python's, but no arithmetic */
};

struct calc_token {
	uint32_t offset, size; /* in the text */
	enum calc_token_kind kind;
	enum calc_operator operation;
};

/* tokens has room for size + 1; the last one is CALC_TOKEN_END. 0, or -errno and an exception. */
int calc_token_split(struct calc_job *job, const char *text, size_t size, struct calc_token *tokens);

#endif
