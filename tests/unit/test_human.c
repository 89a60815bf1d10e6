/* SPDX-License-Identifier: MIT */
/* Figures as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/human.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static void durations_have_two_or_three_digits(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{ -5, "0us" },
		{ 0, "0us" },
		{ 999, "999us" },
		{ 1000, "1.0ms" },
		{ 9999, "9.9ms" },
		{ 340000, "340ms" },
		{ SECOND, "1.0s" },
		{ 59 * SECOND + 999999, "59s" },
		{ 60 * SECOND, "1m" },
		{ 125 * SECOND, "2m5s" },
		{ 3599 * SECOND, "59m" },
		{ HOUR, "1h" },
		{ 3 * HOUR + 20 * 60 * SECOND, "3h20m" },
		{ 47 * HOUR, "47h" },
		{ 48 * HOUR, "2.0d" },
		{ 300 * 24 * HOUR, "300d" },
		{ 3 * 365 * 24 * HOUR, "3.0y" },
		{ INT64_MAX, "292471y" },
	};
	char text[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(human_duration(rows[i].us, text), rows[i].text);
}

static void sizes_count_in_1024_and_counts_in_1000(void **state)
{
	char text[HUMAN_SIZE];

	(void)state;
	assert_string_equal(human_size(0, text), "0");
	assert_string_equal(human_size(1023, text), "1023");
	assert_string_equal(human_size(1024, text), "1.0k");
	assert_string_equal(human_size(12 << 20, text), "12M");
	assert_string_equal(human_size(UINT64_MAX, text), "15E");
	assert_string_equal(human_count(99999, text), "99999");
	assert_string_equal(human_count(100000, text), "100k");
	assert_string_equal(human_count(1250000, text), "1.2M");
	assert_string_equal(human_count(UINT64_MAX, text), "18E");
}

static void five_columns_are_enough_for_what_is_likely(void **state)
{
	char text[HUMAN_SIZE];

	(void)state;
	for (int64_t us = 1; us < 100 * 365 * 24 * HOUR; us += us / 7 + 1)
		assert_true(strlen(human_duration(us, text)) <= 5);
	for (uint64_t count = 1; count < UINT64_MAX / 2; count += count / 7 + 1) {
		assert_true(strlen(human_size(count, text)) <= 5);
		assert_true(strlen(human_count(count, text)) <= 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_two_or_three_digits),
		cmocka_unit_test(sizes_count_in_1024_and_counts_in_1000),
		cmocka_unit_test(five_columns_are_enough_for_what_is_likely),
	};

	return cmocka_run_group_tests_name("human", tests, NULL, NULL);
}
