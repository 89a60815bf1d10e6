/* SPDX-License-Identifier: MIT */
/*
 * One expression being worked on: the exception it raised, if any, and what it has used of its time.
 * Every step gets it and passes on what calc_job_raise returned, up to calc_eval.
 */
#ifndef HANDLER_CALC_CALC_JOB_H
#define HANDLER_CALC_CALC_JOB_H

#include "calc/calc_text.h"

#include <stdint.h>

struct calc_job {
	const char *exception;    /* Python's class, or NULL */
	int code;                 /* first argument of an OSError-like exception, or 0 */
	struct calc_text message; /* its last argument */
	int64_t deadline_ns;      /* of this thread's processor time; 0: not yet worth asking for */
	size_t work;              /* done since the clock was last read */
};

void calc_job_fini(struct calc_job *job); /* a zeroed one needs no init */

/* Always -EDOM: `return calc_job_raise(job, "ValueError", …)`. */
__attribute__((format(printf, 3, 4))) int calc_job_raise(
	struct calc_job *job, const char *exception, const char *format, ...);
int calc_job_raise_range(struct calc_job *job);     /* as Python reports ERANGE from libm */
int calc_job_raise_too_large(struct calc_job *job); /* an integer beyond CALC_INTEGER_BITS */

/* Account for work, in limbs touched. -EDOM and TimeoutError beyond CALC_CPU_MS. */
int calc_job_spend(struct calc_job *job, size_t limbs);

/* The exception as Python's repr() shows it; text->failed if memory ended, here or in raising. */
void calc_job_explain(const struct calc_job *job, struct calc_text *text);

#endif
