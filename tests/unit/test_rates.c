/* SPDX-License-Identifier: MIT */
/* How fast counters grew, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervise/rates.h"

static void take(struct rates *rates, uint64_t accepted, int64_t at_ms)
{
	struct figures figures = { .accepted = accepted };

	rates_take(rates, &figures, at_ms * NS_PER_MS);
}

static void without_two_samples_there_is_no_rate(void **state)
{
	struct rates rates = { 0 };

	(void)state;
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, 1), 0);
	take(&rates, 100, 1000);
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, 1), 0);
}

static void a_rate_goes_by_the_time_that_really_passed(void **state)
{
	struct rates rates = { 0 };

	(void)state;
	take(&rates, 100, 1000);
	take(&rates, 130, 3000); /* the loop was late */
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, 1), 150);
}

static void the_long_rate_is_over_ten_periods_or_what_there_is(void **state)
{
	struct rates rates = { 0 };

	(void)state;
	take(&rates, 0, 0);
	take(&rates, 10, 1000);
	take(&rates, 30, 2000);
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, RATES_LONG), 150);
	for (int i = 0; i < 20; i++)
		take(&rates, 30 + 5 * (uint64_t)i, 3000 + 1000 * i);
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, RATES_LONG), 50);
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, 1), 50);
}

static void lies_give_a_number_and_no_more(void **state)
{
	struct rates rates = { 0 };

	(void)state;
	take(&rates, 100, 1000);
	take(&rates, 50, 2000);
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, 1), 0);
	take(&rates, UINT64_MAX, 3000);
	assert_true(rates_tenths(&rates, RATES_ACCEPTED, 1) > 0);
	take(&rates, UINT64_MAX, 3000);
	assert_int_equal(rates_tenths(&rates, RATES_ACCEPTED, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_two_samples_there_is_no_rate),
		cmocka_unit_test(a_rate_goes_by_the_time_that_really_passed),
		cmocka_unit_test(the_long_rate_is_over_ten_periods_or_what_there_is),
		cmocka_unit_test(lies_give_a_number_and_no_more),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
