/* SPDX-License-Identifier: MIT */
/* Claims about token buckets: how many pass, how fast they come back, and that nothing wraps around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>

#include "base/clock.h"
#include "limits/bucket.h"

#define NOW (1000 * NS_PER_SEC)

/* How many tokens there are, at most `most`. */
static int take_all(const struct bucket_rate *rate, int64_t *full_ns, int64_t now_ns, int most)
{
	int taken = 0;

	while (taken < most && bucket_has_token(rate, *full_ns, now_ns)) {
		*full_ns = bucket_take(rate, *full_ns, now_ns);
		taken++;
	}
	return taken;
}

static void a_new_source_has_its_burst_and_no_more(void **state)
{
	struct bucket_rate rate = bucket_rate_of(60, 5);
	int64_t full_ns = 0;

	(void)state;
	assert_int_equal(take_all(&rate, &full_ns, NOW, 100), 5);
	assert_int_equal(take_all(&rate, &full_ns, NOW, 100), 0);
}

static void tokens_come_back_one_by_one_exactly_on_time(void **state)
{
	struct bucket_rate rate = bucket_rate_of(60, 5);
	int64_t full_ns = 0;

	(void)state;
	take_all(&rate, &full_ns, NOW, 100);
	assert_false(bucket_has_token(&rate, full_ns, NOW + NS_PER_SEC - 1));
	assert_true(bucket_has_token(&rate, full_ns, NOW + NS_PER_SEC));
	assert_int_equal(take_all(&rate, &full_ns, NOW + 3 * NS_PER_SEC, 100), 3);
	assert_int_equal(take_all(&rate, &full_ns, NOW + 3600 * NS_PER_SEC, 100), 5);
}

static void over_a_long_time_the_rate_holds(void **state)
{
	struct bucket_rate rate = bucket_rate_of(600, 10);
	int64_t full_ns = 0;
	int taken = 0;

	(void)state;
	/* Ten minutes, asked each millisecond. */
	for (int ms = 0; ms < 600000; ms++)
		taken += take_all(&rate, &full_ns, NOW + ms * NS_PER_MS, 100);
	assert_in_range(taken, 6000 + 10 - 1, 6000 + 10);
}

static void no_rate_is_no_bound(void **state)
{
	struct bucket_rate rate = bucket_rate_of(0, 10), off = bucket_rate_of(-1, 10);
	int64_t full_ns = 0;

	(void)state;
	assert_int_equal(take_all(&rate, &full_ns, NOW, 1000), 1000);
	assert_int_equal(take_all(&off, &full_ns, NOW, 1000), 1000);
}

static void a_burst_is_at_least_one(void **state)
{
	struct bucket_rate rate = bucket_rate_of(60, 0);
	int64_t full_ns = 0;

	(void)state;
	assert_int_equal(take_all(&rate, &full_ns, NOW, 100), 1);
}

static void the_largest_numbers_do_not_wrap_around(void **state)
{
	struct bucket_rate slow = bucket_rate_of(1, INT_MAX), fast = bucket_rate_of(INT_MAX, INT_MAX);
	int64_t full_ns = 0;

	(void)state;
	assert_int_equal(take_all(&slow, &full_ns, NOW, 1000), 1000);
	assert_int_equal(take_all(&slow, &full_ns, INT64_MAX, 1000), 1000);
	full_ns = 0;
	assert_int_equal(take_all(&fast, &full_ns, NOW, 1000), 1000);
}

/* Shared memory may say anything; then a source waits no longer than if its bucket were empty. */
static void any_number_found_is_a_bucket_between_empty_and_full(void **state)
{
	static const int64_t found[] = { INT64_MIN, -1, 0, NOW, NOW + 1, INT64_MAX - 1, INT64_MAX };
	struct bucket_rate rate = bucket_rate_of(60, 5);

	(void)state;
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		int64_t full_ns = bucket_take(&rate, found[i], NOW);

		assert_in_range(full_ns, NOW, NOW + 5 * NS_PER_SEC);
		assert_true(bucket_has_token(&rate, full_ns, NOW + NS_PER_SEC));
	}
}

/* A standing worker's client is heard of when it ends: by then others have taken tokens, or it has grown back. */
static void a_token_heard_of_late_does_not_fill_the_bucket(void **state)
{
	struct bucket_rate rate = bucket_rate_of(60, 5);
	int64_t full_ns = 0;

	(void)state;
	take_all(&rate, &full_ns, NOW, 4);
	full_ns = bucket_take_late(&rate, full_ns, NOW - 3600 * NS_PER_SEC, NOW);
	assert_int_equal(take_all(&rate, &full_ns, NOW, 100), 1);
	take_all(&rate, &full_ns, NOW + 3600 * NS_PER_SEC, 3);
	full_ns = bucket_take_late(&rate, full_ns, NOW + 3599 * NS_PER_SEC, NOW + 3600 * NS_PER_SEC);
	assert_int_equal(take_all(&rate, &full_ns, NOW + 3600 * NS_PER_SEC, 100), 1);
}

static void a_token_from_any_time_leaves_a_bucket_between_empty_and_full(void **state)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, NOW - 1, NOW, NOW + 1, INT64_MAX };
	struct bucket_rate rate = bucket_rate_of(60, 5);

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
			int64_t full_ns = bucket_take_late(&rate, times[i], times[k], NOW);

			assert_in_range(full_ns, NOW, NOW + 5 * NS_PER_SEC);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_source_has_its_burst_and_no_more),
		cmocka_unit_test(tokens_come_back_one_by_one_exactly_on_time),
		cmocka_unit_test(over_a_long_time_the_rate_holds),
		cmocka_unit_test(no_rate_is_no_bound),
		cmocka_unit_test(a_burst_is_at_least_one),
		cmocka_unit_test(the_largest_numbers_do_not_wrap_around),
		cmocka_unit_test(a_token_heard_of_late_does_not_fill_the_bucket),
		cmocka_unit_test(a_token_from_any_time_leaves_a_bucket_between_empty_and_full),
		cmocka_unit_test(any_number_found_is_a_bucket_between_empty_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
