/* SPDX-License-Identifier: MIT */
/* Claims about dates: three forms, one moment; checked against libc's own calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/http1_date.h"

#define DAY       INT64_C(86400)
#define EXAMPLE_S INT64_C(784111777)  /* 1994-11-06 08:49:37, the example of RFC 9110 */
#define NOW_S     INT64_C(1795305600) /* 2026-11-22 00:00:00 */
#define UNTOUCHED INT64_C(4711)

static int64_t parsed(const char *text, int64_t now_s)
{
	int64_t unix_s = UNTOUCHED;

	if (http1_date_parse(text, strlen(text), now_s, &unix_s) != 0)
		fail_msg("'%s' is refused", text);
	return unix_s;
}

static void assert_refused(const char *text, size_t size)
{
	int64_t unix_s = UNTOUCHED;

	if (http1_date_parse(text, size, NOW_S, &unix_s) != -EINVAL)
		fail_msg("'%.*s' is read", (int)size, text);
	assert_int_equal(unix_s, UNTOUCHED);
}

static void three_forms_are_one_moment(void **state)
{
	(void)state;
	assert_int_equal(parsed("Sun, 06 Nov 1994 08:49:37 GMT", NOW_S), EXAMPLE_S);
	assert_int_equal(parsed("Sunday, 06-Nov-94 08:49:37 GMT", NOW_S), EXAMPLE_S);
	assert_int_equal(parsed("Sun Nov  6 08:49:37 1994", NOW_S), EXAMPLE_S);
	assert_int_equal(parsed("Wed Nov 16 08:49:37 1994", NOW_S), EXAMPLE_S + 10 * DAY);
}

static void the_preferred_form_is_written(void **state)
{
	char text[HTTP1_DATE_SIZE];

	(void)state;
	assert_int_equal(http1_date_format(EXAMPLE_S, text), 0);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_int_equal(http1_date_format(0, text), 0);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_int_equal(http1_date_format(-1, text), 0);
	assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
}

static void what_has_no_four_digits_of_year_is_not_written(void **state)
{
	char text[HTTP1_DATE_SIZE] = "untouched";

	(void)state;
	assert_int_equal(http1_date_format(INT64_C(253402300800), text), -ERANGE);
	assert_int_equal(http1_date_format(INT64_C(-62167219201), text), -ERANGE);
	assert_int_equal(http1_date_format(INT64_MAX, text), -ERANGE);
	assert_int_equal(http1_date_format(INT64_MIN, text), -ERANGE);
	assert_string_equal(text, "untouched");
	assert_int_equal(http1_date_format(INT64_C(253402300799), text), 0);
	assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_int_equal(http1_date_format(INT64_C(-62167219200), text), 0);
	assert_string_equal(text, "Sat, 01 Jan 0000 00:00:00 GMT");
}

/* The unit tests run in the C locale, where strftime(3) writes what the RFC wants. */
static void assert_agrees_with_libc(int64_t unix_s)
{
	char written[HTTP1_DATE_SIZE], fixdate[64], ctime_form[64];
	time_t then = (time_t)unix_s;
	struct tm tm;

	assert_int_equal(http1_date_format(unix_s, written), 0);
	assert_non_null(gmtime_r(&then, &tm));
	strftime(fixdate, sizeof fixdate, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	strftime(ctime_form, sizeof ctime_form, "%a %b %e %H:%M:%S %Y", &tm);
	assert_string_equal(written, fixdate);
	assert_int_equal(parsed(fixdate, NOW_S), unix_s);
	assert_int_equal(parsed(ctime_form, NOW_S), unix_s);
}

static void twenty_five_thousand_days_read_as_they_are_written(void **state)
{
	(void)state;
	for (int64_t day = -5000; day < 20000; day++)
		assert_agrees_with_libc(day * DAY + (day * 7919 + 86400 * 7) % DAY);
}

static void so_do_the_ends_of_february_in_any_century(void **state)
{
	(void)state;
	for (int64_t year = 1001; year < 9999; year += 7) {
		struct tm march = { .tm_year = (int)year - 1900, .tm_mon = 2, .tm_mday = 1 };
		int64_t first = timegm(&march);

		assert_agrees_with_libc(first);
		assert_agrees_with_libc(first - 1);
		assert_agrees_with_libc(first - DAY);
	}
}

static void two_digits_are_at_most_fifty_years_ahead(void **state)
{
	(void)state;
	assert_int_equal(parsed("Sunday, 22-Nov-26 00:00:00 GMT", NOW_S), NOW_S);
	assert_int_equal(parsed("Thursday, 01-Jan-70 00:00:00 GMT", NOW_S), INT64_C(3155760000)); /* 2070 */
	/* 2076, to the second, and then 1976 */
	assert_int_equal(parsed("Sunday, 22-Nov-76 00:00:00 GMT", NOW_S), NOW_S + 18263 * DAY);
	assert_int_equal(parsed("Sunday, 22-Nov-76 00:00:01 GMT", NOW_S), NOW_S - 18262 * DAY + 1);
	/* In 2080, "10" is thirty years ahead: 2110. */
	assert_int_equal(parsed("Friday, 01-Jan-10 00:00:00 GMT", INT64_C(3471292800)), INT64_C(4417977600));
}

static void no_clock_breaks_the_century(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(parsed("Sunday, 06-Nov-94 08:49:37 GMT", i ? INT64_MIN : INT64_MAX) != UNTOUCHED);
}

static void a_leap_second_is_the_first_of_the_next_minute(void **state)
{
	(void)state;
	assert_int_equal(
		parsed("Sat, 31 Dec 2016 23:59:60 GMT", NOW_S), parsed("Sun, 01 Jan 2017 00:00:00 GMT", NOW_S));
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"0",
		"784111777",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun,  6 Nov 1994 08:49:37 GMT",
		"Sun 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06 Nov 1994 08:49:37 GMT",
		"sun, 06 nov 1994 08:49:37 gmt",
		"Sol, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 1900 08:49:37 GMT",
		"Sun, 29 Feb 2023 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov +994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 29-Feb-23 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  0 08:49:37 1994",
		"Sun Nov  6 08:49:37 1994 GMT",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_refused(wrong[i], strlen(wrong[i]));
}

/* On the heap without its NUL, where a byte too many is noticed. */
static void half_a_date_is_none(void **state)
{
	static const char *const whole[] = { "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t size = 0; size < strlen(whole[i]); size++) {
			char *half = malloc(size ? size : 1);

			assert_non_null(half);
			memcpy(half, whole[i], size);
			assert_refused(half, size);
			free(half);
		}
}

static void a_day_that_its_month_lacks_is_refused(void **state)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec" };
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	char text[96];

	(void)state;
	for (int month = 0; month < 12; month++)
		for (int day = 0; day <= 99; day++) {
			snprintf(text, sizeof text, "Mon, %02d %s 2024 00:00:00 GMT", day, months[month]);
			if (day >= 1 && day <= days[month])
				parsed(text, NOW_S);
			else
				assert_refused(text, strlen(text));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_forms_are_one_moment),
		cmocka_unit_test(the_preferred_form_is_written),
		cmocka_unit_test(what_has_no_four_digits_of_year_is_not_written),
		cmocka_unit_test(twenty_five_thousand_days_read_as_they_are_written),
		cmocka_unit_test(so_do_the_ends_of_february_in_any_century),
		cmocka_unit_test(two_digits_are_at_most_fifty_years_ahead),
		cmocka_unit_test(no_clock_breaks_the_century),
		cmocka_unit_test(a_leap_second_is_the_first_of_the_next_minute),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(half_a_date_is_none),
		cmocka_unit_test(a_day_that_its_month_lacks_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
