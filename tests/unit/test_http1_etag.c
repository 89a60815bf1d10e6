/* SPDX-License-Identifier: MIT */
/* Claims about entity tags: what one is, what a list of them names, and that a malformed list names nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "protocol/http1_etag.h"

#define STRONG HTTP1_ETAG_STRONG
#define WEAK   HTTP1_ETAG_WEAK

static bool match(const char *list, const char *etag, enum http1_etag_comparison comparison)
{
	return http1_etag_match(list, strlen(list), etag, comparison);
}

static void the_table_of_comparisons_holds(void **state)
{
	/* RFC 9110, 8.8.3.2 */
	static const struct {
		const char *a, *b;
		bool strong, weak;
	} rows[] = {
		{ "W/\"1\"", "W/\"1\"", false, true },
		{ "W/\"1\"", "W/\"2\"", false, false },
		{ "W/\"1\"", "\"1\"", false, true },
		{ "\"1\"", "\"1\"", true, true },
		{ "\"1\"", "\"11\"", false, false },
		{ "\"\"", "\"\"", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(match(rows[i].a, rows[i].b, STRONG), rows[i].strong);
		assert_int_equal(match(rows[i].b, rows[i].a, STRONG), rows[i].strong);
		assert_int_equal(match(rows[i].a, rows[i].b, WEAK), rows[i].weak);
		assert_int_equal(match(rows[i].b, rows[i].a, WEAK), rows[i].weak);
	}
}

static void any_of_a_list_may_match(void **state)
{
	static const char list[] = "\"a\",W/\"b\" ,\t\"c,d\", , \"e\xff\"";

	(void)state;
	assert_true(match(list, "\"a\"", STRONG));
	assert_false(match(list, "\"b\"", STRONG));
	assert_true(match(list, "\"b\"", WEAK));
	assert_true(match(list, "\"c,d\"", STRONG));
	assert_true(match(list, "\"e\xff\"", STRONG));
	assert_false(match(list, "\"c\"", WEAK));
	assert_false(match(list, "\"d\"", WEAK));
}

static void empty_elements_are_passed_over(void **state)
{
	(void)state;
	assert_true(match(",,\"a\"", "\"a\"", STRONG));
	assert_true(match("\"a\",,", "\"a\"", STRONG));
	assert_true(match(" , \"a\" , ", "\"a\"", STRONG));
	assert_false(match("", "\"a\"", WEAK));
	assert_false(match(" , ,", "\"a\"", WEAK));
}

static void a_star_is_whatever_there_is(void **state)
{
	(void)state;
	assert_true(match("*", "\"a\"", STRONG));
	assert_true(match("*", "W/\"a\"", STRONG));
	assert_false(match("*", NULL, STRONG));
	assert_false(match("*", NULL, WEAK));
	assert_false(match("\"a\"", NULL, WEAK));
}

static void a_malformed_list_matches_nothing(void **state)
{
	static const char *const wrong[] = { "a", "\"a", "a\"", "\"a\" \"a\"", "\"a\";", "\"a\", b", "\"a\", \"b",
		"\"a\", *", "*, \"a\"", "**", "w/\"a\"", "W\"a\"", "W/ \"a\"", "W/", "W/a", "W", "\"a\", \"b c\"",
		"\"a\", \"\x01\"", "\"a\", \"\x7f\"", "'a'", "\"a\"\"a\"", "\"a\", W/" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(match(wrong[i], "\"a\"", STRONG));
		assert_false(match(wrong[i], "\"a\"", WEAK));
		assert_false(match(wrong[i], "W/\"a\"", WEAK));
	}
}

static void a_tag_is_exactly_one(void **state)
{
	static const char *const right[] = { "\"\"", "\"a\"", "W/\"a\"", "\"!#~\x80\xff\"", "\"a,b\"" };
	static const char *const wrong[] = { "", "*", "a", "\"", "\"a", "\"a\" ", " \"a\"", "\"a\",", "\"a\"b",
		"w/\"a\"", "W/", "\"a b\"", "\"\t\"", "\"\x7f\"" };

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		assert_true(http1_etag_valid(right[i], strlen(right[i])));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(http1_etag_valid(wrong[i], strlen(wrong[i])));
	assert_false(http1_etag_valid("\"a\0b\"", 5));
}

static void a_tag_of_ours_that_is_none_matches_nothing_by_name(void **state)
{
	(void)state;
	assert_false(match("\"a\"", "a", WEAK));
	assert_false(match("\"a\"", "", WEAK));
	assert_false(match("\"\"", "", WEAK));
	assert_true(match("*", "", STRONG));
	assert_false(match("\"a\", \"b\"", "\"a\", \"b\"", WEAK));
}

static void nothing_behind_the_end_is_looked_at(void **state)
{
	(void)state;
	assert_false(http1_etag_match("\"a\"", 2, "\"a\"", WEAK));
	assert_false(http1_etag_match("W/\"a\"", 2, "\"a\"", WEAK));
	assert_false(http1_etag_match("*", 0, "\"a\"", WEAK));
	assert_true(http1_etag_match("\"a\"x", 3, "\"a\"", WEAK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_comparisons_holds),
		cmocka_unit_test(any_of_a_list_may_match),
		cmocka_unit_test(empty_elements_are_passed_over),
		cmocka_unit_test(a_star_is_whatever_there_is),
		cmocka_unit_test(a_malformed_list_matches_nothing),
		cmocka_unit_test(a_tag_is_exactly_one),
		cmocka_unit_test(a_tag_of_ours_that_is_none_matches_nothing_by_name),
		cmocka_unit_test(nothing_behind_the_end_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
