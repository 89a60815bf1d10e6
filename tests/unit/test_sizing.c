/* SPDX-License-Identifier: MIT */
/* How many standing workers there are, and who may be replaced. When starts fail: test_sizing_failure.c. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sizing_pool.h"

static const struct sizing_config fixed = { .workers = 8 };
static const struct sizing_config breathing = { .min = 2, .max = 100, .spare = 4 };
static const struct sizing_config oneshot = { .workers = 40, .one_shot = true };

/* ---- How many -------------------------------------------------------------------------------------------------- */

static void a_fixed_pool_starts_and_replaces_all_that_it_lacks(void **state)
{
	struct pool pool = pool_of(&fixed, 0, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 8);
	pool.counts = (struct sizing_counts){ .alive = 8, .starting = 8 };
	assert_int_equal(wanted(&pool), 0);
	pool.counts = (struct sizing_counts){ .alive = 5, .idle = 1 };
	assert_int_equal(wanted(&pool), 3);
}

static void a_fixed_pool_neither_grows_nor_shrinks(void **state)
{
	static const struct sizing_config same = { .min = 8, .max = 8, .spare = 2 };
	struct pool busy = pool_of(&same, 0, 8), idle = pool_of(&same, 8, 0);

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(wanted_later(&busy, 1000), 0);
		assert_int_equal(wanted_later(&idle, 1000), 0);
	}
	assert_true(idle.sizing.again_ns == INT64_MAX);
}

static void a_pool_that_was_made_smaller_lets_idle_ones_go_at_once(void **state)
{
	struct pool pool = pool_of(&fixed, 1, 10);

	(void)state;
	assert_int_equal(wanted(&pool), -1);
	pool = pool_of(&fixed, 9, 2);
	assert_int_equal(wanted(&pool), -3);
	pool = pool_of(&fixed, 0, 9);
	assert_int_equal(wanted(&pool), 0);
}

static void no_answer_starts_more_than_32(void **state)
{
	static const struct sizing_config large = { .workers = 1000 };
	struct pool pool = pool_of(&large, 0, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 32);
	assert_int_equal(again_ms(&pool), 0);
}

static void what_lacks_of_the_minimum_is_started_at_once(void **state)
{
	static const struct sizing_config config = { .min = 20, .max = 100, .spare = 5 };
	struct pool pool = pool_of(&config, 0, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 20);
}

/* ---- Growth ---------------------------------------------------------------------------------------------------- */

static void growth_doubles_each_pass_up_to_32_while_the_lack_goes_on(void **state)
{
	static const struct sizing_config config = { .max = 1000, .spare = 500 };
	static const int expected[] = { 1, 2, 4, 8, 16, 32, 32, 32 };
	struct pool pool = pool_of(&config, 0, 10);

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(wanted(&pool), expected[i]);
		pool.counts.alive += expected[i];
		pool.counts.starting += expected[i];
		assert_int_equal(again_ms(&pool), SIZING_PASS_MS);
		assert_int_equal(wanted_later(&pool, SIZING_PASS_MS - 1), 0);
		pool.now_ns += MS(1);
	}
}

static void workers_that_are_starting_count_as_spare(void **state)
{
	struct pool pool = pool_of(&breathing, 1, 10);

	(void)state;
	pool.counts.alive += 3;
	pool.counts.starting = 3;
	assert_int_equal(wanted(&pool), 0);
	pool.counts.starting = 2;
	assert_int_equal(wanted(&pool), 1);
}

static void a_lack_that_was_met_starts_growth_anew(void **state)
{
	struct pool pool = pool_of(&breathing, 0, 10);

	(void)state;
	assert_int_equal(wanted(&pool), 1);
	assert_int_equal(wanted_later(&pool, 100), 2);
	pool.counts.idle = 4;
	assert_int_equal(wanted_later(&pool, 100), 0);
	pool.counts.idle = 0;
	assert_int_equal(wanted_later(&pool, 100), 1);
}

static void a_pool_never_grows_beyond_its_maximum(void **state)
{
	struct pool pool = pool_of(&breathing, 0, 0);

	(void)state;
	for (int i = 0; i < 100; i++) {
		pool.counts.alive += wanted_later(&pool, 100);
		assert_true(pool.counts.alive <= breathing.max);
	}
	assert_int_equal(pool.counts.alive, breathing.max);
	assert_true(pool.sizing.again_ns == INT64_MAX);
}

/* ---- Shrinking ------------------------------------------------------------------------------------------------- */

static void a_pool_shrinks_by_one_a_second_after_ten_seconds_of_ample_idle_ones(void **state)
{
	struct pool pool = pool_of(&breathing, 12, 3);

	(void)state;
	assert_int_equal(wanted(&pool), 0);
	assert_int_equal(again_ms(&pool), 10000);
	assert_int_equal(wanted_later(&pool, 9999), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(wanted_later(&pool, 1), -1);
		assert_int_equal(again_ms(&pool), 1000);
		pool.counts.alive--;
		pool.counts.idle--;
		assert_int_equal(wanted_later(&pool, 999), 0);
	}
	assert_int_equal(pool.counts.idle, 2 * breathing.spare);
	assert_int_equal(wanted_later(&pool, 100000), 0);
}

static void one_moment_without_ample_idle_ones_begins_the_ten_seconds_anew(void **state)
{
	struct pool pool = pool_of(&breathing, 9, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 0);
	pool.counts.idle = 8;
	assert_int_equal(wanted_later(&pool, 9000), 0);
	pool.counts.idle = 9;
	assert_int_equal(wanted_later(&pool, 1), 0);
	assert_int_equal(wanted_later(&pool, 9999), 0);
	assert_int_equal(wanted_later(&pool, 1), -1);
}

static void a_lack_begins_the_ten_seconds_anew(void **state)
{
	struct pool pool = pool_of(&breathing, 9, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 0);
	pool.counts.idle = 0;
	assert_int_equal(wanted_later(&pool, 9000), 1);
	pool.counts.idle = 9;
	assert_int_equal(wanted_later(&pool, 1000), 0);
	assert_int_equal(again_ms(&pool), 10000);
}

static void a_pool_never_shrinks_below_its_minimum(void **state)
{
	static const struct sizing_config config = { .min = 10, .max = 20, .spare = 1 };
	struct pool pool = pool_of(&config, 12, 0);

	(void)state;
	for (int i = 0; i < 100; i++) {
		int count = wanted_later(&pool, 5000);

		pool.counts.alive += count;
		pool.counts.idle += count;
	}
	assert_int_equal(pool.counts.alive, 10);
}

/* ---- One-shot -------------------------------------------------------------------------------------------------- */

static void a_oneshot_pool_is_refilled_at_once_with_all_that_died(void **state)
{
	struct pool pool = pool_of(&oneshot, 39, 0);

	(void)state;
	assert_int_equal(wanted(&pool), 1);
	pool.counts = (struct sizing_counts){ .alive = 10, .idle = 5 };
	assert_int_equal(wanted(&pool), 30);
	assert_true(pool.sizing.again_ns == INT64_MAX);
}

static void oneshot_workers_with_a_client_keep_their_place(void **state)
{
	struct pool pool = pool_of(&oneshot, 0, 40);

	(void)state;
	assert_int_equal(wanted(&pool), 0);
	assert_true(pool.sizing.again_ns == INT64_MAX);
}

static void a_oneshot_pool_that_breathes_grows_to_its_spare_at_once(void **state)
{
	static const struct sizing_config config = { .min = 4, .max = 100, .spare = 20, .one_shot = true };
	struct pool pool = pool_of(&config, 0, 50);

	(void)state;
	assert_int_equal(wanted(&pool), 20);
}

/* ---- Recycling ------------------------------------------------------------------------------------------------- */

static void at_most_a_tenth_recycles_at_once_and_at_least_one_may(void **state)
{
	static const struct {
		int alive, at_once;
	} cases[] = { { 1, 1 }, { 8, 1 }, { 19, 1 }, { 20, 2 }, { 100, 10 } };
	struct sizing sizing = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(sizing_may_recycle(&sizing, cases[i].alive, cases[i].at_once - 1));
		assert_false(sizing_may_recycle(&sizing, cases[i].alive, cases[i].at_once));
	}
}

static void nobody_recycles_while_no_replacement_can_be_started(void **state)
{
	struct sizing sizing = { 0 };

	(void)state;
	sizing_start_failed(&sizing, MS(5));
	assert_false(sizing_may_recycle(&sizing, 8, 0));
	sizing_became_idle(&sizing);
	assert_true(sizing_may_recycle(&sizing, 8, 0));
}

static void the_limit_of_requests_varies_by_a_tenth_either_way(void **state)
{
	(void)state;
	assert_int_equal(sizing_jitter(1000, 0), 900);
	assert_int_equal(sizing_jitter(1000, UINT32_MAX / 2 + 1), 1000);
	assert_int_equal(sizing_jitter(1000, UINT32_MAX), 1100);
}

static void the_limit_of_requests_is_never_below_one_nor_beyond_int(void **state)
{
	(void)state;
	assert_int_equal(sizing_jitter(1, 0), 1);
	assert_int_equal(sizing_jitter(1, UINT32_MAX), 1);
	assert_int_equal(sizing_jitter(INT_MAX, UINT32_MAX), INT_MAX);
}

static void no_limit_of_requests_stays_none(void **state)
{
	(void)state;
	assert_int_equal(sizing_jitter(0, UINT32_MAX), 0);
	assert_int_equal(sizing_jitter(-1, UINT32_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_pool_starts_and_replaces_all_that_it_lacks),
		cmocka_unit_test(a_fixed_pool_neither_grows_nor_shrinks),
		cmocka_unit_test(a_pool_that_was_made_smaller_lets_idle_ones_go_at_once),
		cmocka_unit_test(no_answer_starts_more_than_32),
		cmocka_unit_test(what_lacks_of_the_minimum_is_started_at_once),
		cmocka_unit_test(growth_doubles_each_pass_up_to_32_while_the_lack_goes_on),
		cmocka_unit_test(workers_that_are_starting_count_as_spare),
		cmocka_unit_test(a_lack_that_was_met_starts_growth_anew),
		cmocka_unit_test(a_pool_never_grows_beyond_its_maximum),
		cmocka_unit_test(a_pool_shrinks_by_one_a_second_after_ten_seconds_of_ample_idle_ones),
		cmocka_unit_test(one_moment_without_ample_idle_ones_begins_the_ten_seconds_anew),
		cmocka_unit_test(a_lack_begins_the_ten_seconds_anew),
		cmocka_unit_test(a_pool_never_shrinks_below_its_minimum),
		cmocka_unit_test(a_oneshot_pool_is_refilled_at_once_with_all_that_died),
		cmocka_unit_test(oneshot_workers_with_a_client_keep_their_place),
		cmocka_unit_test(a_oneshot_pool_that_breathes_grows_to_its_spare_at_once),
		cmocka_unit_test(at_most_a_tenth_recycles_at_once_and_at_least_one_may),
		cmocka_unit_test(nobody_recycles_while_no_replacement_can_be_started),
		cmocka_unit_test(the_limit_of_requests_varies_by_a_tenth_either_way),
		cmocka_unit_test(the_limit_of_requests_is_never_below_one_nor_beyond_int),
		cmocka_unit_test(no_limit_of_requests_stays_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
