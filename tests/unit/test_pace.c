/* SPDX-License-Identifier: MIT */
/* Claims about the minimum rate: what a client may still take its time for. Times in seconds here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "core/pace.h"

#define GRACE (PACE_GRACE_MS / 1000)

static int64_t left(int64_t waited, int64_t bytes, int rate)
{
	const struct conn_pace pace = { .begun = true, .waited_ns = waited * NS_PER_SEC };

	return pace_left_ns(&pace, bytes, rate) / NS_PER_SEC;
}

static void everybody_has_the_grace_time(void **state)
{
	(void)state;
	assert_int_equal(left(0, 0, 1), GRACE);
	assert_int_equal(left(GRACE - 1, 0, INT_MAX), 1);
	assert_int_equal(left(0, GRACE * 100 - 1, 100), GRACE);
}

static void after_it_the_average_counts(void **state)
{
	(void)state;
	assert_true(left(GRACE, 0, 1) <= 0);
	assert_true(left(10, 999, 100) <= 0);
	assert_int_equal(left(10, 1000, 100), 0);
	assert_int_equal(left(10, 1500, 100), 5);
	assert_int_equal(left(10, 60000, 100), 590);
}

static void what_moves_in_time_buys_time(void **state)
{
	(void)state;
	/* A byte a second, where one is asked for, may go on for ever; at two it ends with the grace time. */
	for (int64_t second = 1; second < 100; second++)
		assert_true(left(second, second + 1, 1) > 0);
	assert_true(left(GRACE - 1, GRACE, 2) > 0);
	assert_true(left(GRACE, GRACE + 1, 2) <= 0);
}

static void no_number_overflows(void **state)
{
	(void)state;
	assert_true(left(0, INT64_MAX, 1) > 1000000 - 1);
	assert_true(left(0, INT64_MAX, INT_MAX) > 1000000 - 1);
	assert_true(left(1000, INT64_MAX, INT_MAX) > 0);
	/* The kernel may count what it holds dearer than what was written. */
	assert_int_equal(left(0, -5000, 1), GRACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_has_the_grace_time),
		cmocka_unit_test(after_it_the_average_counts),
		cmocka_unit_test(what_moves_in_time_buys_time),
		cmocka_unit_test(no_number_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
