/* SPDX-License-Identifier: MIT */
#include "load/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/figure.h"

#define CLEAR_LINE "\r\033[K"

void progress_init(struct progress *progress, int64_t start_ns)
{
	const char *terminal = getenv("TERM");

	*progress = (struct progress){ .start_ns = start_ns, .last_ns = start_ns };
	progress->shown = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void progress_show(struct progress *progress, const struct outcome *sum, int64_t now_ns)
{
	uint64_t requests = outcome_read(&sum->requests), more = requests - progress->last_requests;
	int64_t since_ns = now_ns - progress->last_ns;
	char rate[FIGURE_SIZE], open[FIGURE_SIZE], errors[FIGURE_SIZE];

	if (!progress->shown || since_ns <= 0)
		return;
	fprintf(stderr, CLEAR_LINE "%5.1f s  %s requests per second  %s open  %s errors",
		(double)(now_ns - progress->start_ns) / NS_PER_SEC,
		figure_count(more * (uint64_t)NS_PER_SEC / (uint64_t)since_ns, rate),
		figure_count(outcome_read(&sum->open), open), figure_count(outcome_errors(sum), errors));
	progress->last_ns = now_ns;
	progress->last_requests = requests;
}

void progress_fini(struct progress *progress)
{
	if (progress->shown)
		fputs(CLEAR_LINE, stderr);
	progress->shown = false;
}
