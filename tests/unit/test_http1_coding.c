/* SPDX-License-Identifier: MIT */
/* Claims about Accept-Encoding: what each coding weighs, and which one is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "protocol/http1_coding.h"

#define ALL (1U << HTTP1_GZIP | 1U << HTTP1_ZSTD | 1U << HTTP1_BROTLI)

static struct http1_codings read_lines(const char *first, const char *second)
{
	struct http1_codings codings;

	http1_coding_begin(&codings);
	if (first)
		http1_coding_read(&codings, first, strlen(first));
	if (second)
		http1_coding_read(&codings, second, strlen(second));
	return codings;
}

static unsigned int weight(const char *value, enum http1_coding coding)
{
	struct http1_codings codings = read_lines(value, NULL);

	return http1_coding_weight(&codings, coding);
}

static enum http1_coding choose(const char *value, unsigned int available)
{
	struct http1_codings codings = read_lines(value, NULL);

	return http1_coding_choose(&codings, available);
}

static void assert_weights(
	const char *value, unsigned int identity, unsigned int gzip, unsigned int zstd, unsigned int br)
{
	assert_int_equal(weight(value, HTTP1_IDENTITY), identity);
	assert_int_equal(weight(value, HTTP1_GZIP), gzip);
	assert_int_equal(weight(value, HTTP1_ZSTD), zstd);
	assert_int_equal(weight(value, HTTP1_BROTLI), br);
}

static void what_is_named_is_wanted(void **state)
{
	(void)state;
	assert_weights("gzip, deflate, br, zstd", 1, 1000, 1000, 1000);
	assert_weights("gzip", 1, 1000, 0, 0);
	assert_weights("GZip", 1, 1000, 0, 0);
	assert_weights("x-gzip", 1, 1000, 0, 0);
	assert_weights("gzip2, brotli", 1, 0, 0, 0);
	assert_weights("identity", 1000, 0, 0, 0);
}

static void who_does_not_ask_gets_identity(void **state)
{
	(void)state;
	assert_weights(NULL, 1, 0, 0, 0);
	assert_weights("", 1, 0, 0, 0);
	assert_weights(" , ,", 1, 0, 0, 0);
	assert_int_equal(choose(NULL, ALL), HTTP1_IDENTITY);
}

static void weights_are_thousandths(void **state)
{
	(void)state;
	assert_weights("br;q=1.0, gzip;q=0.8, zstd;q=0.125, identity;q=0.001", 1, 800, 125, 1000);
	assert_weights("br;q=1.000,gzip;q=0,zstd;q=0.000", 1, 0, 0, 1000);
	assert_weights("gzip;Q=0.5", 1, 500, 0, 0);
	assert_weights("gzip ; \tq=0.5 , br;q=0.", 1, 500, 0, 0);
	assert_weights("br;q=1.", 1, 0, 0, 1000);
	for (unsigned int i = 0; i <= 999; i++) {
		char value[32];

		snprintf(value, sizeof value, "gzip;q=0.%03u", i);
		assert_int_equal(weight(value, HTTP1_GZIP), i);
	}
}

static void a_star_is_what_is_not_named(void **state)
{
	(void)state;
	assert_weights("*", 1000, 1000, 1000, 1000);
	assert_weights("*;q=0.5, br;q=0", 500, 500, 500, 0);
	assert_weights("gzip, *;q=0", 0, 1000, 0, 0);
	assert_weights("identity, *;q=0", 1000, 0, 0, 0);
}

static void a_coding_named_twice_has_the_lesser_weight(void **state)
{
	struct http1_codings codings = read_lines("gzip;q=0.3, br", "gzip, br;q=0");

	(void)state;
	assert_weights("gzip, gzip;q=0", 1, 0, 0, 0);
	assert_weights("gzip;q=0, x-gzip", 1, 0, 0, 0);
	assert_int_equal(http1_coding_weight(&codings, HTTP1_GZIP), 300);
	assert_int_equal(http1_coding_weight(&codings, HTTP1_BROTLI), 0);
}

static void what_is_malformed_asks_for_nothing(void **state)
{
	static const char *const wrong[] = { "gzip;", "gzip;q", "gzip;q=", "gzip;q=2", "gzip;q=1.001",
		"gzip;q=0.0001", "gzip;q=.5", "gzip;q=-1", "gzip;q=1e0", "gzip;q =1", "gzip;q= 1", "gzip;level=9",
		"gzip;q=1;q=1", "gzip br", "gzip; br", ";q=1, gzip", "gzip, =", "gzip, \"br\"", "gzip\x01",
		"gzip;q=1,,br/", "gzip;q=1 br,", "gzip/,", "gzip;q=0.5x", "gzip;q=01" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char value[64];

		snprintf(value, sizeof value, "zstd, %s", wrong[i]);
		assert_weights(value, 1, 0, 0, 0);
		snprintf(value, sizeof value, "%s, br", wrong[i]);
		assert_weights(value, 1, 0, 0, 0);
	}
}

static void a_malformed_line_spoils_the_others(void **state)
{
	struct http1_codings after = read_lines("br", "gzip;"), before = read_lines("gzip;", "br");

	(void)state;
	assert_int_equal(http1_coding_weight(&after, HTTP1_BROTLI), 0);
	assert_int_equal(http1_coding_weight(&before, HTTP1_BROTLI), 0);
}

static void the_most_wanted_is_sent(void **state)
{
	(void)state;
	assert_int_equal(choose("gzip, deflate, br, zstd", ALL), HTTP1_BROTLI);
	assert_int_equal(choose("gzip, deflate, br, zstd", 1U << HTTP1_GZIP), HTTP1_GZIP);
	assert_int_equal(choose("gzip, deflate, br, zstd", 1U << HTTP1_GZIP | 1U << HTTP1_ZSTD), HTTP1_ZSTD);
	assert_int_equal(choose("gzip, deflate, br, zstd", 0), HTTP1_IDENTITY);
	assert_int_equal(choose("gzip, br;q=0.9", ALL), HTTP1_GZIP);
	assert_int_equal(choose("gzip;q=0.001", ALL), HTTP1_GZIP);
	assert_int_equal(choose("gzip;q=0", ALL), HTTP1_IDENTITY);
	assert_int_equal(choose("gzip;q=0.5, identity", ALL), HTTP1_IDENTITY);
	assert_int_equal(choose("*", ALL), HTTP1_BROTLI);
	assert_int_equal(choose("identity;q=0, gzip", 1U << HTTP1_ZSTD), HTTP1_IDENTITY);
	assert_int_equal(choose("*;q=0", ALL), HTTP1_IDENTITY);
}

static void nothing_behind_the_end_is_looked_at(void **state)
{
	struct http1_codings codings;

	(void)state;
	http1_coding_begin(&codings);
	http1_coding_read(&codings, "gzip;q=0.59", 10);
	assert_int_equal(http1_coding_weight(&codings, HTTP1_GZIP), 500);
	http1_coding_begin(&codings);
	http1_coding_read(&codings, "gzip;q=0", 4);
	assert_int_equal(http1_coding_weight(&codings, HTTP1_GZIP), 1000);
}

static void each_has_the_name_of_its_field(void **state)
{
	(void)state;
	assert_string_equal(http1_coding_name(HTTP1_GZIP), "gzip");
	assert_string_equal(http1_coding_name(HTTP1_ZSTD), "zstd");
	assert_string_equal(http1_coding_name(HTTP1_BROTLI), "br");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_named_is_wanted),
		cmocka_unit_test(who_does_not_ask_gets_identity),
		cmocka_unit_test(weights_are_thousandths),
		cmocka_unit_test(a_star_is_what_is_not_named),
		cmocka_unit_test(a_coding_named_twice_has_the_lesser_weight),
		cmocka_unit_test(what_is_malformed_asks_for_nothing),
		cmocka_unit_test(a_malformed_line_spoils_the_others),
		cmocka_unit_test(the_most_wanted_is_sent),
		cmocka_unit_test(nothing_behind_the_end_is_looked_at),
		cmocka_unit_test(each_has_the_name_of_its_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
