/* SPDX-License-Identifier: MIT */
/*
 * Decides which value stands for a bucket: the largest that is counted there, so that no quantile is ever told too
 * small. Sums stay at their largest value when they would overflow: what a process of the user's wrote there may be anything.
 */
#include "observe/histogram.h"

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

void histogram_read(struct histogram_counts *ret_counts, const struct histogram *histogram)
{
	ret_counts->count = 0;
	ret_counts->sum_us = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		ret_counts->bucket[i] = atomic_load_explicit(&histogram->bucket[i], memory_order_relaxed);
		ret_counts->count = add(ret_counts->count, ret_counts->bucket[i]);
	}
}

void histogram_merge(struct histogram_counts *counts, const struct histogram_counts *more)
{
	counts->count = add(counts->count, more->count);
	counts->sum_us = add(counts->sum_us, more->sum_us);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		counts->bucket[i] = add(counts->bucket[i], more->bucket[i]);
}

uint64_t histogram_quantile_us(const struct histogram_counts *counts, unsigned int per_mille)
{
	uint64_t rest = counts->count % 1000 * per_mille;
	uint64_t rank = counts->count / 1000 * per_mille + (rest + 999) / 1000;
	uint64_t seen = 0;

	if (counts->count == 0)
		return 0;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen = add(seen, counts->bucket[i]);
		if (seen >= rank && seen > 0)
			return histogram_upper_us(i) - 1;
	}
	return histogram_upper_us(HISTOGRAM_BUCKETS - 1) - 1;
}
