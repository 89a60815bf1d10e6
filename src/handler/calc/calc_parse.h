/* SPDX-License-Identifier: MIT */
/* From tokens to code. */
#ifndef HANDLER_CALC_CALC_PARSE_H
#define HANDLER_CALC_CALC_PARSE_H

#include "calc/calc_code.h"
#include "calc/calc_job.h"
#include "calc/calc_token.h"

/* tokens end with CALC_TOKEN_END; code has room for as many instructions. 0, or -errno and a SyntaxError. */
int calc_parse(struct calc_job *job, const char *text, const struct calc_token *tokens, size_t token_count,
	struct calc_instruction *code, size_t *ret_size);

#endif
