/* SPDX-License-Identifier: MIT */
/* Claims about queries: where pairs begin and end, and what their parts decode to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "protocol/http1_query.h"

struct pair_case {
	const char *name, *value; /* value NULL: there is none */
};

static void assert_pairs(const char *raw, const struct pair_case *pairs, size_t count)
{
	struct http1_query query;
	struct http1_query_pair pair;

	http1_query_begin(&query, raw, strlen(raw));
	for (size_t i = 0; i < count; i++) {
		const char *value = pairs[i].value ? pairs[i].value : "";

		assert_true(http1_query_next(&query, &pair));
		assert_int_equal(pair.name_size, strlen(pairs[i].name));
		assert_memory_equal(pair.name, pairs[i].name, pair.name_size);
		assert_int_equal(pair.has_value, pairs[i].value != NULL);
		assert_non_null(pair.value);
		assert_int_equal(pair.value_size, strlen(value));
		assert_memory_equal(pair.value, value, pair.value_size);
	}
	assert_false(http1_query_next(&query, &pair));
	assert_false(http1_query_next(&query, &pair));
}

static void a_query_is_pairs_in_their_order(void **state)
{
	static const struct pair_case pairs[] = { { "a", "1" }, { "b", "2" }, { "a", "3" } };

	(void)state;
	assert_pairs("a=1&b=2&a=3", pairs, 3);
}

static void a_flag_is_no_empty_value(void **state)
{
	static const struct pair_case pairs[] = { { "flag", NULL }, { "empty", "" }, { "", "unnamed" },
		{ "last", NULL } };

	(void)state;
	assert_pairs("flag&empty=&=unnamed&last", pairs, 4);
}

static void only_the_first_equals_sign_divides(void **state)
{
	static const struct pair_case pairs[] = { { "a", "b=c==" }, { "d", "=" } };

	(void)state;
	assert_pairs("a=b=c==&d==", pairs, 2);
}

static void emptiness_is_no_pair(void **state)
{
	static const struct pair_case pairs[] = { { "a", "1" }, { "b", NULL } };

	(void)state;
	assert_pairs("", NULL, 0);
	assert_pairs("&&&", NULL, 0);
	assert_pairs("&a=1&&b&", pairs, 2);
}

static void parts_are_given_as_sent(void **state)
{
	static const struct pair_case pairs[] = { { "a%26b", "1%3D2+3" } };

	(void)state;
	assert_pairs("a%26b=1%3D2+3", pairs, 1);
}

static void nothing_behind_the_end_is_looked_at(void **state)
{
	struct http1_query query;
	struct http1_query_pair pair;

	(void)state;
	http1_query_begin(&query, "ab=1&c", 2);
	assert_true(http1_query_next(&query, &pair));
	assert_int_equal(pair.name_size, 2);
	assert_false(pair.has_value);
	assert_false(http1_query_next(&query, &pair));
}

static void a_part_is_decoded_as_forms_mean_it(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(http1_query_decode("a+b%2Bc%20%2F", 13, buf, sizeof buf), 0);
	assert_string_equal(buf, "a b+c /");
	assert_int_equal(http1_query_decode("%E8%bf%bd", 9, buf, 4), 0);
	assert_string_equal(buf, "\xe8\xbf\xbd");
	assert_int_equal(http1_query_decode("", 0, buf, 1), 0);
	assert_string_equal(buf, "");
}

static void malformed_escapes_and_nuls_are_refused(void **state)
{
	static const char *const wrong[] = { "%", "a%", "%4", "%zz", "%4z", "a%00", "%%20" };
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(http1_query_decode(wrong[i], strlen(wrong[i]), buf, sizeof buf), -EINVAL);
	assert_int_equal(http1_query_decode("a\0b", 3, buf, sizeof buf), -EINVAL);
	assert_int_equal(http1_query_decode("%41", 2, buf, sizeof buf), -EINVAL);
}

static void what_does_not_fit_is_said(void **state)
{
	char buf[4] = "";

	(void)state;
	assert_int_equal(http1_query_decode("abcd", 4, buf, 4), -EMSGSIZE);
	assert_int_equal(http1_query_decode("", 0, buf, 0), -EMSGSIZE);
	assert_int_equal(http1_query_decode("a", 1, buf, 0), -EMSGSIZE);
	assert_int_equal(http1_query_decode("abc", 3, buf, 4), 0);
	assert_string_equal(buf, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_pairs_in_their_order),
		cmocka_unit_test(a_flag_is_no_empty_value),
		cmocka_unit_test(only_the_first_equals_sign_divides),
		cmocka_unit_test(emptiness_is_no_pair),
		cmocka_unit_test(parts_are_given_as_sent),
		cmocka_unit_test(nothing_behind_the_end_is_looked_at),
		cmocka_unit_test(a_part_is_decoded_as_forms_mean_it),
		cmocka_unit_test(malformed_escapes_and_nuls_are_refused),
		cmocka_unit_test(what_does_not_fit_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
