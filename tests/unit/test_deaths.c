/* SPDX-License-Identifier: MIT */
/* The last deaths, and the word of a service process about its workers'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "supervise/deaths.h"

static struct deaths deaths;

static void add(pid_t pid)
{
	struct death death = { .pid = pid };

	deaths_add(&deaths, &death);
}

static void the_latest_is_first_and_the_oldest_is_forgotten(void **state)
{
	(void)state;
	memset(&deaths, 0, sizeof deaths);
	assert_null(deaths_at(&deaths, 0));
	add(1);
	assert_int_equal(deaths_at(&deaths, 0)->pid, 1);
	assert_null(deaths_at(&deaths, 1));
	for (pid_t pid = 2; pid <= DEATHS_KEPT + 10; pid++)
		add(pid);
	assert_int_equal(deaths.count, DEATHS_KEPT + 10);
	assert_int_equal(deaths_at(&deaths, 0)->pid, DEATHS_KEPT + 10);
	assert_int_equal(deaths_at(&deaths, DEATHS_KEPT - 1)->pid, 11);
	assert_null(deaths_at(&deaths, DEATHS_KEPT));
	assert_true(deaths_at(&deaths, 0)->realtime_ns > 0);
}

static void what_is_written_is_read_back(void **state)
{
	struct death death;
	char text[512];

	(void)state;
	deaths_write(text, sizeof text, "signal 11 (SEGV)", "handler-crashed", 7);
	deaths_read(&death, "calc", 42, text);
	assert_string_equal(death.service, "calc");
	assert_string_equal(death.exit, "signal 11 (SEGV)");
	assert_string_equal(death.reason, "handler-crashed");
	assert_int_equal(death.untold, 7);
	assert_int_equal(death.pid, 42);
	assert_true(death.worker);
}

static void whatever_is_read_stays_within_its_bounds(void **state)
{
	static const char *const texts[] = { "", "\t", "\t\t", "\t\t\t\t", "x\ty\tz", "-1\t\t",
		"no separator at all" };
	struct death death;
	char longest[512];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		memset(&death, 'x', sizeof death);
		deaths_read(&death, "s", -3, texts[i]);
		assert_non_null(memchr(death.exit, '\0', sizeof death.exit));
		assert_non_null(memchr(death.reason, '\0', sizeof death.reason));
		assert_int_equal(death.pid, 0);
	}
	memset(longest, 'y', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	longest[1] = longest[200] = '\t';
	deaths_read(&death, longest, 1, longest);
	assert_int_equal(strlen(death.service), sizeof death.service - 1);
	assert_int_equal(strlen(death.exit), sizeof death.exit - 1);
	assert_int_equal(strlen(death.reason), sizeof death.reason - 1);
}

static void of_a_storm_so_many_a_second_are_told_and_the_rest_counted(void **state)
{
	struct deaths_teller teller = { 0 };
	int64_t now_ns = 5 * DEATHS_SECOND_NS;
	int told = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		told += deaths_may_tell(&teller, now_ns + i);
	assert_int_equal(told, DEATHS_TOLD_A_SEC);
	assert_int_equal(teller.untold, 100 - DEATHS_TOLD_A_SEC);
	assert_true(deaths_may_tell(&teller, now_ns + DEATHS_SECOND_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_is_first_and_the_oldest_is_forgotten),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(whatever_is_read_stays_within_its_bounds),
		cmocka_unit_test(of_a_storm_so_many_a_second_are_told_and_the_rest_counted),
	};

	return cmocka_run_group_tests_name("deaths", tests, NULL, NULL);
}
