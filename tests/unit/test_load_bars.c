/* SPDX-License-Identifier: MIT */
/* Claims about figures and the picture of a distribution: every time is in it once, in 80 columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <stdio.h>
#include <stdlib.h>

#include "load/bars.h"
#include "load/figure.h"

static void assert_time(uint64_t ns, const char *wanted)
{
	char text[FIGURE_SIZE];

	assert_string_equal(figure_time(ns, text), wanted);
}

static void times_have_three_digits(void **state)
{
	(void)state;
	assert_time(0, "0ns");
	assert_time(999, "999ns");
	assert_time(1000, "1.00us");
	assert_time(12345, "12.3us");
	assert_time(99949, "99.9us");
	assert_time(99951, "100us");
	assert_time(999499, "999us");
	assert_time(999500, "1.00ms");
	assert_time(9996000, "10.0ms");
	assert_time(1234567890, "1.23s");
	assert_time(4321000000000, "4321s");
}

static void counts_have_commas(void **state)
{
	char text[FIGURE_SIZE];

	(void)state;
	assert_string_equal(figure_count(0, text), "0");
	assert_string_equal(figure_count(999, text), "999");
	assert_string_equal(figure_count(1000, text), "1,000");
	assert_string_equal(figure_count(1234567, text), "1,234,567");
	assert_string_equal(figure_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void round_numbers_have_two_digits(void **state)
{
	char text[FIGURE_SIZE];

	(void)state;
	assert_int_equal(figure_round_down(12999), 12000);
	assert_int_equal(figure_round_up(12001), 13000);
	assert_int_equal(figure_round_up(12000), 12000);
	assert_int_equal(figure_round_up(99001), 100000);
	assert_int_equal(figure_round_down(7), 7);
	assert_string_equal(figure_round_time(12000, text), "12us");
	assert_string_equal(figure_round_time(1200000, text), "1.2ms");
	assert_string_equal(figure_round_time(1000000000, text), "1s");
}

/* Of the picture: its lines, each of so many columns, and the sum of its percentages. */
static void assert_picture(const struct latencies *latencies, bool utf8, size_t rows_max)
{
	char memory[BARS_SIZE];
	struct buf text;
	double sum = 0;
	size_t rows = 0;

	buf_init(&text, memory, sizeof memory);
	bars_draw(latencies, utf8, &text);
	assert_false(text.truncated);
	for (char *line = strtok(memory, "\n"); line; line = strtok(NULL, "\n")) {
		size_t columns = 0;

		/* Bytes that continue a character take no column. */
		for (const char *at = line; *at; at++)
			columns += ((unsigned char)*at & 0xc0) != 0x80;
		assert_int_equal(columns, 78);
		sum += atof(line + strlen(line) - strlen(" 100.000 %"));
		rows++;
	}
	assert_in_range(rows, 1, rows_max);
	assert_in_range((uint64_t)(sum * 100 + 0.5), 9998, 10002);
}

static void every_time_is_in_the_picture_once(void **state)
{
	struct latencies narrow = { 0 }, wide = { 0 }, single = { 0 }, nothing = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		latencies_add(&narrow, 20000 + i);
		latencies_add(&wide, 1000 + i * i * i * 30);
	}
	latencies_add(&single, 123456789);
	latencies_add(&nothing, 0);
	latencies_add(&nothing, UINT64_C(3600) * 1000000000);
	assert_picture(&narrow, true, 3);
	assert_picture(&wide, true, BARS_ROWS + 2);
	assert_picture(&wide, false, BARS_ROWS + 2);
	assert_picture(&single, true, 1);
	assert_picture(&nothing, false, 2 * BARS_ROWS);
}

static void who_is_there_is_seen(void **state)
{
	struct latencies latencies = { 0 };
	char memory[BARS_SIZE];
	struct buf text;

	(void)state;
	for (int i = 0; i < 1000000; i++)
		latencies_add(&latencies, 1000);
	latencies_add(&latencies, 1000000000);
	buf_init(&text, memory, sizeof memory);
	bars_draw(&latencies, false, &text);
	assert_non_null(strstr(memory, "##########"));
	assert_non_null(strstr(memory, "  .   "));
}

static void an_empty_one_has_no_picture(void **state)
{
	struct latencies latencies = { 0 };
	char memory[BARS_SIZE];
	struct buf text;

	(void)state;
	buf_init(&text, memory, sizeof memory);
	bars_draw(&latencies, true, &text);
	assert_int_equal(text.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_three_digits),
		cmocka_unit_test(counts_have_commas),
		cmocka_unit_test(round_numbers_have_two_digits),
		cmocka_unit_test(every_time_is_in_the_picture_once),
		cmocka_unit_test(who_is_there_is_seen),
		cmocka_unit_test(an_empty_one_has_no_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
