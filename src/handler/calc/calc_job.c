/* SPDX-License-Identifier: MIT */
/* Decides how exceptions read and when time is up. One job belongs to one call of calc_eval and to one thread. */
#include "calc/calc_job.h"

#include "calc/calc_limits.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Limbs between two looks at the clock: well under a millisecond, and no system call for a small expression. */
#define WORK_PER_LOOK 2048

#define NS_PER_MS     1000000
#define NS_PER_S      1000000000

void calc_job_fini(struct calc_job *job)
{
	calc_text_fini(&job->message);
	*job = (struct calc_job){ 0 };
}

int calc_job_raise(struct calc_job *job, const char *exception, const char *format, ...)
{
	va_list args;

	job->exception = exception;
	va_start(args, format);
	calc_text_vprintf(&job->message, format, args);
	va_end(args);
	return -EDOM;
}

int calc_job_raise_range(struct calc_job *job)
{
	job->code = ERANGE;
	return calc_job_raise(job, "OverflowError", "Numerical result out of range");
}

int calc_job_raise_too_large(struct calc_job *job)
{
	return calc_job_raise(job, "OverflowError", "integer too large: at most %d bits here", CALC_INTEGER_BITS);
}

int calc_job_spend(struct calc_job *job, size_t limbs)
{
	struct timespec now;
	int64_t now_ns;

	job->work += limbs;
	if (job->work < WORK_PER_LOOK)
		return 0;
	job->work = 0;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	now_ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
	if (job->deadline_ns == 0)
		job->deadline_ns = now_ns + (int64_t)CALC_CPU_MS * NS_PER_MS;
	if (now_ns < job->deadline_ns)
		return 0;
	return calc_job_raise(job, "TimeoutError", "expression took more than %d ms", CALC_CPU_MS);
}

/* Python prefers the single quote, unless only the other one needs no escape. Messages are valid UTF-8. */
static void quote(struct calc_text *text, const char *data, size_t size)
{
	char mark = memchr(data, '\'', size) && !memchr(data, '"', size) ? '"' : '\'';

	calc_text_put(text, &mark, 1);
	for (size_t i = 0; i < size; i++) {
		if (data[i] == mark || data[i] == '\\')
			calc_text_puts(text, "\\");
		calc_text_put(text, data + i, 1);
	}
	calc_text_put(text, &mark, 1);
}

void calc_job_explain(const struct calc_job *job, struct calc_text *text)
{
	text->failed = text->failed || job->message.failed;
	calc_text_printf(text, "%s(", job->exception);
	if (job->code != 0)
		calc_text_printf(text, "%d, ", job->code);
	if (job->message.size > 0)
		quote(text, job->message.data, job->message.size);
	calc_text_puts(text, ")");
}
