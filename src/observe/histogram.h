/* SPDX-License-Identifier: MIT */
/* What a histogram of a tally says: counts copied out of shared memory, merged by addition, asked for quantiles. */
#ifndef OBSERVE_HISTOGRAM_H
#define OBSERVE_HISTOGRAM_H

#include "contract/tally.h"

/* As it was when it was read: while its writer goes on, count is that of the buckets read. */
struct histogram_counts {
	uint64_t count;
	uint64_t sum_us;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_read(struct histogram_counts *ret_counts, const struct histogram *histogram);

/* Generations of a service, or services. */
void histogram_merge(struct histogram_counts *counts, const struct histogram_counts *more);

/* The value that per_mille of a thousand do not exceed, at most a ninth above the true one: 500 is the median. 0 if
 * nothing was counted. */
uint64_t histogram_quantile_us(const struct histogram_counts *counts, unsigned int per_mille);

#endif
