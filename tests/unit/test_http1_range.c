/* SPDX-License-Identifier: MIT */
/* Claims about ranges: which bytes are meant, compared with asking every byte, and that no number overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "protocol/http1_range.h"

#define WHOLE         HTTP1_RANGE_WHOLE
#define PART          HTTP1_RANGE_PART
#define UNSATISFIABLE HTTP1_RANGE_UNSATISFIABLE
#define UNTOUCHED     4711

static enum http1_range_answer parse(const char *value, uint64_t whole, struct http1_range *range)
{
	*range = (struct http1_range){ .from = UNTOUCHED, .size = UNTOUCHED };
	return http1_range_parse(value, strlen(value), whole, range);
}

static void assert_part(const char *value, uint64_t whole, uint64_t from, uint64_t size)
{
	struct http1_range range;

	if (parse(value, whole, &range) != PART)
		fail_msg("'%s' is no part", value);
	assert_true(range.from == from);
	assert_true(range.size == size);
}

static void assert_no_part(const char *value, uint64_t whole, enum http1_range_answer answer)
{
	struct http1_range range;
	enum http1_range_answer got = parse(value, whole, &range);

	if (got != answer)
		fail_msg("'%s' of %ju: %d", value, (uintmax_t)whole, (int)got);
	assert_int_equal(range.from, UNTOUCHED);
	assert_int_equal(range.size, UNTOUCHED);
}

static void the_examples_of_the_rfc_hold(void **state)
{
	(void)state;
	assert_part("bytes=0-499", 10000, 0, 500);
	assert_part("bytes=500-999", 10000, 500, 500);
	assert_part("bytes=-500", 10000, 9500, 500);
	assert_part("bytes=9500-", 10000, 9500, 500);
}

/* Is this byte meant? The definition, asked of one byte after the other. A negative number is not written. */
static bool is_meant(int from, int to, int byte, int whole)
{
	if (from < 0)
		return byte >= whole - to;
	return byte >= from && (to < 0 || byte <= to);
}

static void assert_as_brute_force(int from, int to, int whole)
{
	int first = -1, count = 0;
	char value[64] = "bytes=";

	if (from >= 0)
		snprintf(value + strlen(value), 16, "%d", from);
	strcat(value, "-");
	if (to >= 0)
		snprintf(value + strlen(value), 16, "%d", to);
	for (int byte = whole - 1; byte >= 0; byte--)
		if (is_meant(from, to, byte, whole)) {
			first = byte;
			count++;
		}
	if (count > 0)
		assert_part(value, (uint64_t)whole, (uint64_t)first, (uint64_t)count);
	else if (from >= 0 && to >= 0 && to < from)
		assert_no_part(value, (uint64_t)whole, WHOLE);
	else if (from < 0 && to > 0)
		assert_no_part(value, 0, WHOLE); /* a suffix of what is empty */
	else
		assert_no_part(value, (uint64_t)whole, UNSATISFIABLE);
}

static void small_ranges_are_what_brute_force_finds(void **state)
{
	(void)state;
	for (int whole = 0; whole <= 12; whole++)
		for (int from = -1; from <= 14; from++)
			for (int to = from < 0 ? 0 : -1; to <= 14; to++)
				assert_as_brute_force(from, to, whole);
}

static void no_number_overflows(void **state)
{
	(void)state;
	assert_part("bytes=0-18446744073709551615", 10, 0, 10);
	assert_part("bytes=0-99999999999999999999999999", 10, 0, 10);
	assert_part("bytes=-18446744073709551616", 10, 0, 10);
	assert_part("bytes=5-18446744073709551621", 10, 5, 5);            /* 2^64 + 5 is not 5 */
	assert_no_part("bytes=18446744073709551616-", 10, UNSATISFIABLE); /* 2^64 is not 0 */
	assert_no_part("bytes=18446744073709551615-", UINT64_MAX, UNSATISFIABLE);
	assert_part("bytes=0-", UINT64_MAX, 0, UINT64_MAX);
	assert_part("bytes=18446744073709551614-", UINT64_MAX, UINT64_MAX - 1, 1);
	assert_part("bytes=-1", UINT64_MAX, UINT64_MAX - 1, 1);
	assert_part("bytes=0000000000000000000000000000001-2", 10, 1, 2);
}

static void several_ranges_are_the_whole(void **state)
{
	char many[6 + 4 * 1000 + 1] = "bytes=";

	(void)state;
	assert_no_part("bytes=0-0,2-2", 10, WHOLE);
	assert_no_part("bytes=0-,0-,0-", 10, WHOLE);
	assert_no_part("bytes=20-,30-", 10, WHOLE);
	for (size_t i = 0; i < 1000; i++)
		memcpy(many + 6 + 4 * i, "1-1,", 5);
	assert_no_part(many, 10, WHOLE);
}

static void empty_elements_are_passed_over(void **state)
{
	(void)state;
	assert_part("bytes=,1-2", 10, 1, 2);
	assert_part("bytes=1-2, ,", 10, 1, 2);
	assert_part("bytes=, ,1-2", 10, 1, 2);
	assert_no_part("bytes=", 10, WHOLE);
	assert_no_part("bytes=,,", 10, WHOLE);
}

static void the_unit_is_bytes_in_any_case(void **state)
{
	(void)state;
	assert_part("BYTES=1-2", 10, 1, 2);
	assert_no_part("lines=1-2", 10, WHOLE);
	assert_no_part("bytess=1-2", 10, WHOLE);
	assert_no_part("byte=1-2", 10, WHOLE);
}

static void what_is_malformed_is_as_if_it_were_not_there(void **state)
{
	static const char *const wrong[] = { "", "bytes", "bytes 0-1", "bytes:0-1", "=0-1", "0-1", "bytes=-",
		"bytes=1", "bytes=a-", "bytes=1-a", "bytes=1-2x", "bytes=+1-2", "bytes=1-+2", "bytes=1--2",
		"bytes=--2", "bytes=0x1-2", "bytes=1 -2", "bytes=1- 2", "bytes=1-2 3-4", "bytes=1-2;", "bytes =1-2",
		" bytes=1-2", "bytes=3-2", "bytes=1.0-2", "bytes==1-2", "bytes=1-2/10" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_no_part(wrong[i], 10, WHOLE);
	assert_no_part("bytes=20-10", 10, WHOLE);
}

static void nothing_behind_the_end_is_looked_at(void **state)
{
	struct http1_range range;

	(void)state;
	assert_int_equal(http1_range_parse("bytes=1-23", 9, 100, &range), PART);
	assert_int_equal(range.size, 2);
	assert_int_equal(http1_range_parse("bytes=1-23", 7, 100, &range), WHOLE);
	assert_int_equal(http1_range_parse("bytes=1-23", 5, 100, &range), WHOLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_rfc_hold),
		cmocka_unit_test(small_ranges_are_what_brute_force_finds),
		cmocka_unit_test(no_number_overflows),
		cmocka_unit_test(several_ranges_are_the_whole),
		cmocka_unit_test(empty_elements_are_passed_over),
		cmocka_unit_test(the_unit_is_bytes_in_any_case),
		cmocka_unit_test(what_is_malformed_is_as_if_it_were_not_there),
		cmocka_unit_test(nothing_behind_the_end_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
