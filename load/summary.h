/* SPDX-License-Identifier: MIT */
/* What is told when all is over: by summary_text.c to people, by summary_json.c to programs. */
#ifndef LOAD_SUMMARY_H
#define LOAD_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "load/outcome.h"
#include "load/plan.h"

struct summary {
	const struct plan *plan;
	const struct outcome *outcome; /* of all processes */
	double seconds;                /* from the first connection to the last answer, or until the time was over */
	double cpu_seconds;            /* of the load itself */
};

/* Answered within these seconds: those that came later are in the histogram, and in no rate. */
static inline double summary_rate(const struct summary *summary)
{
	return summary->seconds > 0 ? (double)outcome_read(&summary->outcome->in_time) / summary->seconds : 0;
}

/* Nothing is corrected unless there is a schedule to measure from. */
static inline const char *summary_column(const struct summary *summary)
{
	return summary->plan->options.rate ? "latency" : "service time";
}

void summary_text_print(const struct summary *summary, bool utf8, FILE *out);
void summary_json_print(const struct summary *summary, FILE *out);

#endif
