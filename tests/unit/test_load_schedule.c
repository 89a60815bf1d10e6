/* SPDX-License-Identifier: MIT */
/* Claims about the schedule of an open loop: even, shared by processes, and never out of step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "load/schedule.h"

#define START_NS INT64_C(1000)

static struct schedule schedule(uint64_t rate, uint64_t processes, uint64_t process)
{
	return (struct schedule){ .start_ns = START_NS, .rate = rate, .processes = processes, .process = process };
}

static void requests_are_due_at_an_even_rate(void **state)
{
	struct schedule even = schedule(4, 1, 0);

	(void)state;
	assert_int_equal(schedule_due_ns(&even, 0), START_NS);
	assert_int_equal(schedule_due_ns(&even, 1), START_NS + 250 * NS_PER_MS);
	assert_int_equal(schedule_due_ns(&even, 9), START_NS + 2250 * NS_PER_MS);
}

static void a_rate_that_does_not_divide_a_second_does_not_drift(void **state)
{
	struct schedule third = schedule(3, 1, 0), prime = schedule(999983, 1, 0);

	(void)state;
	assert_int_equal(schedule_due_ns(&third, 3 * 1000000), START_NS + 1000000 * NS_PER_SEC);
	assert_int_equal(schedule_due_ns(&prime, 999983 * UINT64_C(86400)), START_NS + 86400 * NS_PER_SEC);
}

static void processes_together_are_as_even_as_one(void **state)
{
	struct schedule one = schedule(7, 1, 0);

	(void)state;
	for (uint64_t number = 0; number < 100; number++) {
		struct schedule third = schedule(7, 3, number % 3);

		assert_int_equal(schedule_due_ns(&third, number / 3), schedule_due_ns(&one, number));
	}
}

static void as_many_are_due_as_the_rate_says(void **state)
{
	struct schedule whole = schedule(1000, 1, 0);

	(void)state;
	assert_int_equal(schedule_due_before(&whole, START_NS + 5 * NS_PER_SEC), 5000);
	assert_int_equal(schedule_due_before(&whole, START_NS + 5 * NS_PER_SEC + 1), 5001);
	assert_int_equal(schedule_due_before(&whole, START_NS + 1), 1);
	assert_int_equal(schedule_due_before(&whole, START_NS), 0);
	assert_int_equal(schedule_due_before(&whole, 0), 0);
}

static void processes_share_all_that_are_due(void **state)
{
	uint64_t due = 0;

	(void)state;
	for (uint64_t i = 0; i < 7; i++) {
		struct schedule part = schedule(100, 7, i);

		due += schedule_due_before(&part, START_NS + 3 * NS_PER_SEC);
	}
	assert_int_equal(due, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_due_at_an_even_rate),
		cmocka_unit_test(a_rate_that_does_not_divide_a_second_does_not_drift),
		cmocka_unit_test(processes_together_are_as_even_as_one),
		cmocka_unit_test(as_many_are_due_as_the_rate_says),
		cmocka_unit_test(processes_share_all_that_are_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
