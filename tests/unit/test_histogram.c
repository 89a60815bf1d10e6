/* SPDX-License-Identifier: MIT */
/* Quantiles against a sorted array, and sums that nobody can overflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/histogram.h"

#define VALUES 5000

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* From microseconds to hours, as latencies are. */
static uint64_t some_latency(unsigned int *seed)
{
	return (uint64_t)rand_r(seed) >> (rand_r(seed) % 31);
}

static struct histogram *histogram_of(const uint64_t *values, size_t count)
{
	struct histogram *histogram = calloc(1, sizeof *histogram);

	assert_non_null(histogram);
	for (size_t i = 0; i < count; i++)
		histogram_add(histogram, values[i]);
	return histogram;
}

static void a_quantile_is_never_too_small_and_at_most_a_ninth_too_large(void **state)
{
	static const unsigned int per_mille[] = { 1, 10, 500, 900, 990, 999, 1000 };
	uint64_t values[VALUES];
	struct histogram_counts counts;

	(void)state;
	for (unsigned int seed = 1; seed < 20; seed++) {
		unsigned int random = seed;
		struct histogram *histogram;

		for (size_t i = 0; i < VALUES; i++)
			values[i] = some_latency(&random);
		histogram = histogram_of(values, VALUES);
		histogram_read(&counts, histogram);
		free(histogram);
		qsort(values, VALUES, sizeof *values, compare);
		for (size_t i = 0; i < sizeof per_mille / sizeof *per_mille; i++) {
			uint64_t exact = values[(VALUES * per_mille[i] + 999) / 1000 - 1];
			uint64_t said = histogram_quantile_us(&counts, per_mille[i]);

			assert_true(said >= exact);
			assert_true(said <= exact + exact / 8);
		}
	}
}

static void small_values_are_told_exactly(void **state)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 15 };
	struct histogram_counts counts;

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct histogram *histogram = histogram_of(&values[i], 1);

		histogram_read(&counts, histogram);
		free(histogram);
		assert_int_equal(histogram_quantile_us(&counts, 500), values[i]);
	}
}

static void of_nothing_every_quantile_is_zero(void **state)
{
	struct histogram_counts none = { 0 };

	(void)state;
	assert_int_equal(histogram_quantile_us(&none, 500), 0);
	assert_int_equal(histogram_quantile_us(&none, 1000), 0);
}

static void merged_halves_are_the_whole(void **state)
{
	struct histogram_counts left, right, whole;
	struct histogram *halves[2], *both;
	uint64_t values[VALUES];
	unsigned int seed = 7;

	(void)state;
	for (size_t i = 0; i < VALUES; i++)
		values[i] = some_latency(&seed);
	halves[0] = histogram_of(values, VALUES / 2);
	halves[1] = histogram_of(values + VALUES / 2, VALUES - VALUES / 2);
	both = histogram_of(values, VALUES);
	histogram_read(&left, halves[0]);
	histogram_read(&right, halves[1]);
	histogram_read(&whole, both);
	histogram_merge(&left, &right);
	assert_memory_equal(&left, &whole, sizeof whole);
	free(halves[0]);
	free(halves[1]);
	free(both);
}

static void hostile_counts_stop_at_the_largest_value(void **state)
{
	struct histogram *histogram = calloc(1, sizeof *histogram);
	struct histogram_counts counts, more;

	(void)state;
	assert_non_null(histogram);
	memset(histogram, 0xff, sizeof *histogram);
	histogram_read(&counts, histogram);
	more = counts;
	histogram_merge(&counts, &more);
	assert_true(counts.count == UINT64_MAX);
	assert_true(counts.sum_us == UINT64_MAX);
	assert_true(counts.bucket[3] == UINT64_MAX);
	/* Whatever it is, it is the value of a bucket. */
	assert_true(histogram_quantile_us(&counts, 990) < histogram_upper_us(HISTOGRAM_BUCKETS - 1));
	free(histogram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quantile_is_never_too_small_and_at_most_a_ninth_too_large),
		cmocka_unit_test(small_values_are_told_exactly),
		cmocka_unit_test(of_nothing_every_quantile_is_zero),
		cmocka_unit_test(merged_halves_are_the_whole),
		cmocka_unit_test(hostile_counts_stop_at_the_largest_value),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
