/* SPDX-License-Identifier: MIT */
/* Standing workers that cannot be started, or die before they are of use: the arithmetic of trying again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sizing_pool.h"

static const struct sizing_config fixed = { .workers = 8 };
static const struct sizing_config oneshot = { .workers = 40, .one_shot = true };

/* For so long, asked only when it wants to be, all starts fail as `failed` says; the number of starts. */
static int starts_that_fail(struct pool *pool, int64_t ms, void (*failed)(struct sizing *sizing, int64_t now_ns))
{
	int starts = 0;

	for (int64_t end_ns = pool->now_ns + MS(ms); pool->now_ns < end_ns; pool->now_ns = pool->sizing.again_ns) {
		int count = wanted(pool);

		assert_true(count >= 0);
		for (int i = 0; i < count; i++)
			failed(&pool->sizing, pool->now_ns);
		assert_int_equal(wanted(pool), 0);
		starts += count;
	}
	return starts;
}

static void failed_starts_back_off_from_10_ms_to_1_s_and_never_give_up(void **state)
{
	static const int expected_ms[] = { 10, 20, 40, 80, 160, 320, 640, 1000, 1000 };
	struct pool pool = pool_of(&fixed, 0, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 8);
	for (size_t i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++) {
		sizing_start_failed(&pool.sizing, pool.now_ns);
		assert_int_equal(wanted(&pool), 0);
		assert_int_equal(again_ms(&pool), expected_ms[i]);
		assert_int_equal(wanted_later(&pool, expected_ms[i] - 1), 0);
		assert_int_equal(wanted_later(&pool, 1), 1);
	}
	assert_in_range(starts_that_fail(&pool, 3600 * 1000, sizing_start_failed), 3599, 3600);
}

static void starts_that_fail_together_are_one_failure(void **state)
{
	struct pool pool = pool_of(&fixed, 0, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 8);
	for (int i = 0; i < 8; i++)
		sizing_start_failed(&pool.sizing, pool.now_ns);
	assert_int_equal(wanted(&pool), 0);
	assert_int_equal(again_ms(&pool), 10);
	assert_int_equal(wanted_later(&pool, 10), 1);
	for (int i = 0; i < 8; i++)
		sizing_start_failed(&pool.sizing, pool.now_ns);
	assert_int_equal(wanted(&pool), 0);
	assert_int_equal(again_ms(&pool), 20);
}

static void a_start_of_which_nothing_is_heard_does_not_hold_up_the_next(void **state)
{
	struct pool pool = pool_of(&fixed, 0, 0);

	(void)state;
	sizing_start_failed(&pool.sizing, pool.now_ns);
	assert_int_equal(wanted_later(&pool, 10), 1);
	assert_int_equal(again_ms(&pool), 10);
	pool.counts = (struct sizing_counts){ .alive = 1, .starting = 1 };
	assert_int_equal(wanted_later(&pool, 9), 0);
	assert_int_equal(wanted_later(&pool, 1), 1);
}

static void one_worker_that_became_idle_ends_the_back_off(void **state)
{
	struct pool pool = pool_of(&fixed, 0, 0);

	(void)state;
	assert_true(starts_that_fail(&pool, 5000, sizing_start_failed) > 0);
	assert_int_equal(wanted_later(&pool, -1), 0);
	sizing_became_idle(&pool.sizing);
	pool.counts = (struct sizing_counts){ .alive = 1, .idle = 1 };
	assert_int_equal(wanted(&pool), 7);
	sizing_start_failed(&pool.sizing, pool.now_ns);
	assert_int_equal(wanted(&pool), 0);
	assert_int_equal(again_ms(&pool), 10);
}

static void no_more_than_ten_a_second_are_started_for_those_that_died_early(void **state)
{
	struct pool pool = pool_of(&fixed, 0, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 8);
	for (int i = 0; i < 8; i++)
		sizing_died_early(&pool.sizing, pool.now_ns);
	assert_in_range(starts_that_fail(&pool, 1000, sizing_died_early), 1, 10);
	assert_in_range(starts_that_fail(&pool, 60000, sizing_died_early), 59, 62);
}

/* Every other start works: it ends the back-off, but not the pace of the replacements. */
static void ten_a_second_hold_where_some_starts_work(void **state)
{
	static const struct sizing_config large = { .workers = 30 };
	struct pool pool = pool_of(&large, 0, 0);
	int starts = 0;

	(void)state;
	assert_int_equal(wanted(&pool), 30);
	for (int i = 0; i < 30; i++)
		sizing_died_early(&pool.sizing, pool.now_ns);
	for (int64_t last_ns = 0; pool.now_ns < MS(10000); pool.now_ns = pool.sizing.again_ns) {
		if (wanted(&pool) == 0)
			continue;
		if (starts > 0) {
			assert_true(pool.now_ns - last_ns >= MS(SIZING_REPLACE_MS));
			assert_int_equal(again_ms(&pool), SIZING_REPLACE_MS);
		}
		last_ns = pool.now_ns;
		starts++;
		sizing_died_early(&pool.sizing, pool.now_ns);
		sizing_became_idle(&pool.sizing);
	}
	assert_in_range(starts, 90, 101);
}

static void a_worker_that_died_early_does_not_slow_down_the_refill_of_others(void **state)
{
	struct pool pool = pool_of(&oneshot, 39, 0);

	(void)state;
	sizing_died_early(&pool.sizing, pool.now_ns);
	assert_int_equal(wanted_later(&pool, 10), 1);
	sizing_died_early(&pool.sizing, pool.now_ns);
	sizing_became_idle(&pool.sizing);
	pool.counts = (struct sizing_counts){ .alive = 19, .idle = 19 };
	assert_int_equal(wanted_later(&pool, 1), 20);
	pool.counts = (struct sizing_counts){ .alive = 39, .idle = 39 };
	assert_int_equal(wanted_later(&pool, 98), 0);
	assert_int_equal(wanted_later(&pool, 1), 1);
}

static void a_place_that_is_gone_is_owed_nobody(void **state)
{
	struct pool pool = pool_of(&fixed, 8, 0);

	(void)state;
	for (int i = 0; i < 5; i++)
		sizing_died_early(&pool.sizing, pool.now_ns);
	sizing_became_idle(&pool.sizing);
	assert_int_equal(wanted(&pool), 0);
	pool.counts = (struct sizing_counts){ .alive = 3, .idle = 3 };
	assert_int_equal(wanted(&pool), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_starts_back_off_from_10_ms_to_1_s_and_never_give_up),
		cmocka_unit_test(starts_that_fail_together_are_one_failure),
		cmocka_unit_test(a_start_of_which_nothing_is_heard_does_not_hold_up_the_next),
		cmocka_unit_test(one_worker_that_became_idle_ends_the_back_off),
		cmocka_unit_test(no_more_than_ten_a_second_are_started_for_those_that_died_early),
		cmocka_unit_test(ten_a_second_hold_where_some_starts_work),
		cmocka_unit_test(a_worker_that_died_early_does_not_slow_down_the_refill_of_others),
		cmocka_unit_test(a_place_that_is_gone_is_owed_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
