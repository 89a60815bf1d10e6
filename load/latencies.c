/* SPDX-License-Identifier: MIT */
/*
 * Decides which time stands for a bucket: the largest that is counted there, so that no quantile is told too small.
 * Invariant: the quantiles of 0 and 100,000 are the exact extremes.
 */
#include "load/latencies.h"

#define WHOLE 100000

uint64_t latencies_lower_ns(unsigned int index)
{
	unsigned int doubling = index / LATENCIES_STEPS;

	if (doubling == 0)
		return index;
	return (uint64_t)(LATENCIES_STEPS + index % LATENCIES_STEPS) << (doubling - 1);
}

void latencies_merge(struct latencies *latencies, const struct latencies *more)
{
	if (more->count == 0)
		return;
	if (latencies->count == 0 || more->min_ns < latencies->min_ns)
		latencies->min_ns = more->min_ns;
	if (more->max_ns > latencies->max_ns)
		latencies->max_ns = more->max_ns;
	latencies->count += more->count;
	latencies->sum_ns += more->sum_ns;
	for (unsigned int i = 0; i < LATENCIES_BUCKETS; i++)
		latencies->bucket[i] += more->bucket[i];
}

static uint64_t within(const struct latencies *latencies, uint64_t ns)
{
	if (ns < latencies->min_ns)
		return latencies->min_ns;
	return ns > latencies->max_ns ? latencies->max_ns : ns;
}

uint64_t latencies_quantile_ns(const struct latencies *latencies, unsigned int of_100000)
{
	uint64_t rest = latencies->count % WHOLE * of_100000;
	uint64_t rank = latencies->count / WHOLE * of_100000 + (rest + WHOLE - 1) / WHOLE;
	uint64_t seen = 0;

	if (latencies->count == 0)
		return 0;
	if (rank == 0)
		return latencies->min_ns;
	/* Whatever is longer than the last bucket's beginning is counted there: its largest is the maximum. */
	for (unsigned int i = 0; i + 1 < LATENCIES_BUCKETS; i++) {
		seen += latencies->bucket[i];
		if (seen >= rank)
			return within(latencies, latencies_lower_ns(i + 1) - 1);
	}
	return latencies->max_ns;
}

uint64_t latencies_between(const struct latencies *latencies, uint64_t lower_ns, uint64_t upper_ns)
{
	unsigned int upper = latencies_index(upper_ns);
	uint64_t count = 0;

	for (unsigned int i = latencies_index(lower_ns); i < upper; i++)
		count += latencies->bucket[i];
	return count;
}
