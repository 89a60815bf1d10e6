/* SPDX-License-Identifier: MIT */
/*
 * A log-linear histogram of times: 128 steps for each doubling, so a quantile is known to within 0.8 %, whatever
 * its size, in memory of one size. Pure: no clock. Filled by one process, merged by addition.
 */
#ifndef LOAD_LATENCIES_H
#define LOAD_LATENCIES_H

#include <stdint.h>

#define LATENCIES_STEPS_LOG2 7
#define LATENCIES_STEPS      (1 << LATENCIES_STEPS_LOG2)
#define LATENCIES_BITS       42 /* of the longest time that is told from longer ones: 73 minutes in nanoseconds */
#define LATENCIES_BUCKETS    (LATENCIES_STEPS * (LATENCIES_BITS - LATENCIES_STEPS_LOG2 + 1))

/* All zero is an empty one. */
struct latencies {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t min_ns, max_ns; /* exact; of no meaning while empty */
	uint64_t bucket[LATENCIES_BUCKETS];
};

static inline unsigned int latencies_index(uint64_t ns)
{
	unsigned int doubling, index;

	if (ns < LATENCIES_STEPS)
		return (unsigned int)ns;
	doubling = 63 - (unsigned int)__builtin_clzll(ns) - LATENCIES_STEPS_LOG2;
	index = (doubling + 1) * LATENCIES_STEPS + (unsigned int)((ns >> doubling) & (LATENCIES_STEPS - 1));
	return index < LATENCIES_BUCKETS ? index : LATENCIES_BUCKETS - 1;
}

static inline void latencies_add(struct latencies *latencies, uint64_t ns)
{
	if (latencies->count == 0 || ns < latencies->min_ns)
		latencies->min_ns = ns;
	if (ns > latencies->max_ns)
		latencies->max_ns = ns;
	latencies->count++;
	latencies->sum_ns += ns;
	latencies->bucket[latencies_index(ns)]++;
}

/* The least time of a bucket, and so the end of the one before it. */
uint64_t latencies_lower_ns(unsigned int index);

void latencies_merge(struct latencies *latencies, const struct latencies *more);

/* The time that so many of 100,000 do not exceed: 50000 is the median. Never above the true one's bucket, nor
 * beyond the extremes; 0 if empty. */
uint64_t latencies_quantile_ns(const struct latencies *latencies, unsigned int of_100000);

/* How many are at least lower_ns and below upper_ns, both beginnings of buckets. */
uint64_t latencies_between(const struct latencies *latencies, uint64_t lower_ns, uint64_t upper_ns);

#endif
