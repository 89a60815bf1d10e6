/* SPDX-License-Identifier: MIT */
/* An expression in, an answer out: calc without its connection. Reentrant, and at home on BROOD_STACK_KIB. */
#ifndef HANDLER_CALC_CALC_EVAL_H
#define HANDLER_CALC_CALC_EVAL_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes beyond `size` that an answer has room for: the caller's line end and a NUL. */
#define CALC_ANSWER_ROOM 3

struct calc_answer {
	char *text; /* NUL-terminated */
	size_t size;
	bool failed; /* the text is an exception */
};

/* 0 and an answer, whatever the text is; or -ENOMEM, or -ENOENT (calc_libm_open). */
int calc_eval(const char *text, size_t size, struct calc_answer *ret_answer);
void calc_answer_fini(struct calc_answer *answer);

#endif
