/* SPDX-License-Identifier: MIT */
/* Claims about penalties: what costs how much, when it is enforced, that it runs off and stays bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>

#include "base/clock.h"
#include "limits/penalty.h"

#define NOW (1000 * NS_PER_SEC)

static const struct penalty_config config = { .crash_ms = 90000, .timeout_ms = 10000, .blame_ms = 5000 };

static bool holds(const struct penalty *penalty, int64_t after_ms)
{
	return penalty_holds(penalty->refused_until_ns, NOW + after_ms * NS_PER_MS);
}

static void crashes_timeouts_and_blame_have_their_price(void **state)
{
	(void)state;
	assert_int_equal(penalty_ms(&config, END_HANDLER_CRASHED, false), 90000);
	assert_int_equal(penalty_ms(&config, END_WORKER_KILLED, false), 90000);
	assert_int_equal(penalty_ms(&config, END_WORKER_STUCK, false), 90000);
	assert_int_equal(penalty_ms(&config, END_FIRST_BYTE_TIMEOUT, false), 10000);
	assert_int_equal(penalty_ms(&config, END_IDLE_TIMEOUT, false), 10000);
	assert_int_equal(penalty_ms(&config, END_WRITE_TIMEOUT, false), 10000);
	assert_int_equal(penalty_ms(&config, END_REQUEST_TIMEOUT, false), 10000);
	assert_int_equal(penalty_ms(&config, END_TOTAL_TIMEOUT, false), 10000);
	assert_int_equal(penalty_ms(&config, END_WRITTEN_OFF, false), 10000);
	assert_int_equal(penalty_ms(&config, END_TOO_SLOW, false), 10000);
	assert_int_equal(penalty_ms(&config, END_FINISHED, true), 5000);
}

static void blame_comes_on_top(void **state)
{
	(void)state;
	assert_int_equal(penalty_ms(&config, END_HANDLER_CRASHED, true), 95000);
	assert_int_equal(penalty_ms(&config, END_STACK_OVERFLOW, true), 95000);
	assert_int_equal(penalty_ms(&config, END_IDLE_TIMEOUT, true), 15000);
}

/* Among them every refusal: else a refused source would never come back. */
static void all_other_ends_are_free(void **state)
{
	unsigned int paid = 0;

	(void)state;
	for (unsigned int reason = 0; reason < END_REASONS; reason++) {
		if (penalty_ms(&config, (enum end_reason)reason, false) > 0)
			paid++;
		if (end_reason_kind(reason) == END_KIND_REFUSED || end_reason_kind(reason) == END_KIND_OK)
			assert_int_equal(penalty_ms(&config, (enum end_reason)reason, false), 0);
	}
	assert_int_equal(paid, 11);
}

static void off_is_free(void **state)
{
	struct penalty_config off = { .crash_ms = -1, .timeout_ms = -1, .blame_ms = -1 };
	struct penalty penalty = { 0 };

	(void)state;
	assert_int_equal(penalty_ms(&off, END_HANDLER_CRASHED, true), 0);
	penalty_add(&off, &penalty, 0, NOW);
	assert_int_equal(penalty.offences_until_ns, 0);
}

static void a_single_large_offence_is_enforced_at_once_and_runs_off(void **state)
{
	struct penalty penalty = { 0 };

	(void)state;
	penalty_add(&config, &penalty, 90000, NOW);
	assert_true(holds(&penalty, 0));
	assert_true(holds(&penalty, 89999));
	assert_false(holds(&penalty, 90000));
}

static void small_offences_count_only_together(void **state)
{
	struct penalty penalty = { 0 };

	(void)state;
	penalty_add(&config, &penalty, 5000, NOW);
	assert_false(holds(&penalty, 0));
	penalty_add(&config, &penalty, 5000, NOW);
	assert_false(holds(&penalty, 0));
	penalty_add(&config, &penalty, 5000, NOW);
	assert_true(holds(&penalty, 14999));
	assert_false(holds(&penalty, 15000));
}

static void small_offences_far_apart_are_forgiven(void **state)
{
	struct penalty penalty = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		penalty_add(&config, &penalty, 5000, NOW + i * 5 * NS_PER_SEC);
		assert_false(penalty_holds(penalty.refused_until_ns, NOW + i * 5 * NS_PER_SEC));
	}
}

static void an_enforced_penalty_grows_by_small_offences_too(void **state)
{
	struct penalty penalty = { 0 };

	(void)state;
	penalty_add(&config, &penalty, 15000, NOW);
	penalty_add(&config, &penalty, 1000, NOW + 14000 * NS_PER_MS);
	assert_true(holds(&penalty, 15999));
	assert_false(holds(&penalty, 16000));
}

static void penalties_never_exceed_their_maximum(void **state)
{
	struct penalty penalty = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		penalty_add(&config, &penalty, INT_MAX, NOW);
	penalty_add(&config, &penalty, INT64_MAX, NOW);
	assert_true(holds(&penalty, PENALTY_MAX_MS - 1));
	assert_false(holds(&penalty, PENALTY_MAX_MS));
}

/* Else a maximum below the minimum would switch penalties off. */
static void a_small_maximum_is_a_small_minimum(void **state)
{
	struct penalty_config small = { .crash_ms = 500, .max_ms = 1000 };
	struct penalty penalty = { 0 };

	(void)state;
	penalty_add(&small, &penalty, 500, NOW);
	assert_false(holds(&penalty, 0));
	penalty_add(&small, &penalty, 500, NOW);
	assert_true(holds(&penalty, 999));
	assert_false(holds(&penalty, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crashes_timeouts_and_blame_have_their_price),
		cmocka_unit_test(blame_comes_on_top),
		cmocka_unit_test(all_other_ends_are_free),
		cmocka_unit_test(off_is_free),
		cmocka_unit_test(a_single_large_offence_is_enforced_at_once_and_runs_off),
		cmocka_unit_test(small_offences_count_only_together),
		cmocka_unit_test(small_offences_far_apart_are_forgiven),
		cmocka_unit_test(an_enforced_penalty_grows_by_small_offences_too),
		cmocka_unit_test(penalties_never_exceed_their_maximum),
		cmocka_unit_test(a_small_maximum_is_a_small_minimum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
