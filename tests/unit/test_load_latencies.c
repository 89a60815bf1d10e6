/* SPDX-License-Identifier: MIT */
/* Claims about the histogram of the load: no time is told wrong by more than a bucket, and nothing is lost by
 * merging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "load/latencies.h"

#define SECOND_NS UINT64_C(1000000000)

static struct latencies empty;

static void each_time_is_in_the_bucket_that_has_it(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < UINT64_C(1) << (LATENCIES_BITS - 1); ns = ns * 9 / 8 + 1) {
		unsigned int index = latencies_index(ns);

		assert_true(latencies_lower_ns(index) <= ns);
		assert_true(ns < latencies_lower_ns(index + 1));
	}
}

static void buckets_follow_each_other_without_a_gap(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < LATENCIES_BUCKETS; i++) {
		assert_int_equal(latencies_index(latencies_lower_ns(i)), i);
		assert_int_equal(latencies_index(latencies_lower_ns(i) - 1), i - 1);
	}
}

static void a_bucket_is_at_most_a_128th_of_its_times(void **state)
{
	(void)state;
	for (unsigned int i = LATENCIES_STEPS; i + 1 < LATENCIES_BUCKETS; i++) {
		uint64_t width_ns = latencies_lower_ns(i + 1) - latencies_lower_ns(i);

		assert_true(width_ns * LATENCIES_STEPS <= latencies_lower_ns(i));
	}
}

static void quantiles_of_a_thousand_are_right_to_a_bucket(void **state)
{
	static const struct {
		unsigned int of_100000;
		uint64_t ns;
	} wanted[] = { { 50000, 500000 }, { 90000, 900000 }, { 99000, 990000 }, { 99900, 999000 } };
	struct latencies latencies = empty;

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		latencies_add(&latencies, i * 1000);
	assert_int_equal(latencies_quantile_ns(&latencies, 0), 1000);
	assert_int_equal(latencies_quantile_ns(&latencies, 100000), 1000000);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		uint64_t ns = latencies_quantile_ns(&latencies, wanted[i].of_100000);

		assert_in_range(ns, wanted[i].ns, wanted[i].ns + wanted[i].ns / LATENCIES_STEPS);
	}
}

static void one_slow_request_of_a_thousand_is_seen_beyond_the_999th(void **state)
{
	struct latencies latencies = empty;

	(void)state;
	for (int i = 0; i < 999; i++)
		latencies_add(&latencies, 1000);
	latencies_add(&latencies, SECOND_NS);
	assert_int_equal(latencies_quantile_ns(&latencies, 99900), 1003);
	assert_int_equal(latencies_quantile_ns(&latencies, 99901), SECOND_NS);
}

static void the_extremes_and_the_mean_are_exact(void **state)
{
	struct latencies latencies = empty;

	(void)state;
	latencies_add(&latencies, 123457);
	latencies_add(&latencies, 9876543211);
	assert_int_equal(latencies.min_ns, 123457);
	assert_int_equal(latencies.max_ns, 9876543211);
	assert_int_equal(latencies.sum_ns / latencies.count, 4938333334);
	assert_int_equal(latencies_quantile_ns(&latencies, 99999), 9876543211);
}

static void a_time_beyond_the_last_bucket_is_told_as_the_longest(void **state)
{
	struct latencies latencies = empty;

	(void)state;
	latencies_add(&latencies, 5);
	latencies_add(&latencies, 100000 * SECOND_NS);
	assert_int_equal(latencies_quantile_ns(&latencies, 99000), 100000 * SECOND_NS);
}

static void an_empty_one_has_quantiles_of_zero(void **state)
{
	(void)state;
	assert_int_equal(latencies_quantile_ns(&empty, 0), 0);
	assert_int_equal(latencies_quantile_ns(&empty, 50000), 0);
	assert_int_equal(latencies_quantile_ns(&empty, 100000), 0);
}

static void merged_ones_say_what_one_would_have_said(void **state)
{
	struct latencies one = empty, halves[2] = { empty, empty };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t ns = 50 + i * i * 77;

		latencies_add(&one, ns);
		latencies_add(&halves[i % 3 == 0], ns);
	}
	latencies_merge(&halves[0], &halves[1]);
	assert_memory_equal(&one, &halves[0], sizeof one);
	latencies_merge(&halves[0], &empty);
	assert_memory_equal(&one, &halves[0], sizeof one);
	halves[1] = empty;
	latencies_merge(&halves[1], &one);
	assert_memory_equal(&one, &halves[1], sizeof one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_time_is_in_the_bucket_that_has_it),
		cmocka_unit_test(buckets_follow_each_other_without_a_gap),
		cmocka_unit_test(a_bucket_is_at_most_a_128th_of_its_times),
		cmocka_unit_test(quantiles_of_a_thousand_are_right_to_a_bucket),
		cmocka_unit_test(one_slow_request_of_a_thousand_is_seen_beyond_the_999th),
		cmocka_unit_test(the_extremes_and_the_mean_are_exact),
		cmocka_unit_test(a_time_beyond_the_last_bucket_is_told_as_the_longest),
		cmocka_unit_test(an_empty_one_has_quantiles_of_zero),
		cmocka_unit_test(merged_ones_say_what_one_would_have_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
