/* SPDX-License-Identifier: MIT */
/*
 * What the clients that stay share: a run, which is a number of requests or a time, and its JSON line; and being told
 * of runs on stdin, with --hold: a line "{}" says that all are connected, then each line "COUNT SECONDS" is a run.
 * Between runs everybody is silent.
 */
#ifndef BENCH_LOAD_STAY_H
#define BENCH_LOAD_STAY_H

#include "load.h"

#include <stdbool.h>
#include <stdio.h>

enum { LOAD_CLIENTS_MAX = 200 * 1000, LOAD_ANSWER_LIMIT_S = 10 };

struct load_run {
	long count; /* 0: until the time is over */
	int64_t start_ns, end_ns;
	long sent, answered, errors;
	struct load_latencies latencies;
};

struct load; /* each client's own */

/* Until the answers that are due have come: they belong to this run, so that the next one finds nothing. */
typedef void load_run_fn(struct load *load, struct load_run *run);

static inline bool load_run_goes_on(const struct load_run *run, int64_t now_ns)
{
	return now_ns < run->end_ns && (run->count == 0 || run->sent < run->count);
}

static inline void load_run_fail(struct load_run *run, const char *what)
{
	if (run->errors++ == 0)
		warn("%s", what);
}

static inline void load_run_answered(struct load_run *run, int64_t took_ns)
{
	load_latencies_add(&run->latencies, took_ns);
	run->answered++;
}

static inline bool load_run_report(struct load_run *run)
{
	double seconds = (double)(load_now_ns() - run->start_ns) / 1e9;
	long unfinished = run->sent - run->answered;

	load_latencies_sort(&run->latencies);
	printf("{\"requests\": %ld, \"errors\": %ld, \"unfinished\": %ld, \"seconds\": %.6f, \"rate\": %.1f, "
	       "\"p50_us\": %.1f, \"p99_us\": %.1f}\n",
		run->answered, run->errors, unfinished, seconds, (double)run->answered / seconds,
		load_percentile_us(&run->latencies, 50), load_percentile_us(&run->latencies, 99));
	fflush(stdout);
	free(run->latencies.ns);
	return run->errors == 0 && unfinished == 0;
}

/* True if nothing went wrong. */
static inline bool load_run_once(struct load *load, load_run_fn *run_once, long count, double seconds)
{
	struct load_run run = { .count = count, .start_ns = load_now_ns() };

	run.end_ns = run.start_ns + (int64_t)(seconds * 1e9);
	run_once(load, &run);
	return load_run_report(&run);
}

static inline bool load_run_as_told(struct load *load, load_run_fn *run_once)
{
	char line[64];
	bool good = true;

	puts("{}");
	fflush(stdout);
	while (good && fgets(line, sizeof line, stdin)) {
		char *rest;
		long count = strtol(line, &rest, 10);
		double seconds = strtod(rest, NULL);

		if (count < 0 || !(seconds > 0 && seconds <= LOAD_SECONDS_MAX))
			errx(64, "%s: not COUNT SECONDS", line);
		good = load_run_once(load, run_once, count, seconds);
	}
	return good;
}

#endif
