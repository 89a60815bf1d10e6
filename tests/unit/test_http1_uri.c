/* SPDX-License-Identifier: MIT */
/* Claims about paths: what is decoded, what is resolved, what is refused, and how much room that takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/http1_uri.h"

struct path_case {
	const char *raw, *path;
};

#define REFUSE HTTP1_URI_REFUSE_SLASH
#define DECODE HTTP1_URI_DECODE_SLASH

/* In the smallest room that is promised to be enough, on the heap, where a byte too many is noticed. */
static int decode(const char *raw, size_t size, enum http1_uri_slash slash, char *ret_path)
{
	char *buf = malloc(size + 2), *exact = malloc(size ? size : 1);
	int r;

	assert_non_null(buf);
	assert_non_null(exact);
	memcpy(exact, raw, size);
	r = http1_uri_path(exact, size, buf, size + 2, slash);
	if (r == 0)
		strcpy(ret_path, buf);
	free(buf);
	free(exact);
	return r;
}

static void assert_paths(const struct path_case *cases, size_t count, enum http1_uri_slash slash)
{
	for (size_t i = 0; i < count; i++) {
		char path[256] = "";

		assert_int_equal(decode(cases[i].raw, strlen(cases[i].raw), slash, path), 0);
		assert_string_equal(path, cases[i].path);
	}
}

static void assert_refused(const char *raw, enum http1_uri_slash slash)
{
	char path[256] = "";

	assert_int_equal(decode(raw, strlen(raw), slash, path), -EINVAL);
}

static void a_path_is_decoded_once(void **state)
{
	static const struct path_case cases[] = {
		{ "/", "/" },
		{ "/Zhuibing", "/Zhuibing" },
		{ "/a%20b", "/a b" },
		{ "/a+b", "/a+b" },
		{ "/%7Euser/%7euser", "/~user/~user" },
		{ "/%e8%bf%bd", "/\xe8\xbf\xbd" },
		{ "/%252F%2525", "/%2F%25" },
		{ "/%3F%23", "/?#" },
		{ "/%0d%0a%7f", "/\r\n\x7f" },
		{ "/%5c..", "/\\.." },
	};

	(void)state;
	assert_paths(cases, sizeof cases / sizeof *cases, REFUSE);
}

static void no_path_is_the_root(void **state)
{
	static const struct path_case cases[] = { { "", "/" } };

	(void)state;
	assert_paths(cases, 1, REFUSE);
}

static void dot_segments_are_resolved_however_spelt(void **state)
{
	static const struct path_case cases[] = {
		{ "/.", "/" },
		{ "/./", "/" },
		{ "/a/.", "/a/" },
		{ "/a/./b", "/a/b" },
		{ "/a/..", "/" },
		{ "/a/../", "/" },
		{ "/a/../b", "/b" },
		{ "/a/b/c/./../../g", "/a/g" },
		{ "/mid/content=5/../6", "/mid/6" },
		{ "/a/%2e%2E/b", "/b" },
		{ "/a/.%2e/b", "/b" },
		{ "/a/%2e/b", "/a/b" },
		{ "/a/b/%2e%2e", "/a/" },
	};

	(void)state;
	assert_paths(cases, sizeof cases / sizeof *cases, REFUSE);
}

static void other_segments_of_dots_are_names(void **state)
{
	static const struct path_case cases[] = {
		{ "/...", "/..." },
		{ "/a/.../b", "/a/.../b" },
		{ "/.a/..b/c./d..", "/.a/..b/c./d.." },
		{ "/.%20/..%09", "/. /..\t" },
	};

	(void)state;
	assert_paths(cases, sizeof cases / sizeof *cases, REFUSE);
}

static void empty_segments_stay_and_count(void **state)
{
	static const struct path_case cases[] = {
		{ "//", "//" },
		{ "/a//b", "/a//b" },
		{ "/a//../b", "/a/b" },
		{ "//..", "/" },
		{ "//../a", "/a" },
	};

	(void)state;
	assert_paths(cases, sizeof cases / sizeof *cases, REFUSE);
}

static void nobody_climbs_above_the_root(void **state)
{
	static const char *const wrong[] = { "/..", "/../", "/../etc/passwd", "/a/../..", "/a/../../b", "/./..",
		"/%2e%2e", "/.%2E/a", "/a/%2e%2e/%2e%2e/b", "//../.." };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_refused(wrong[i], REFUSE);
		assert_refused(wrong[i], DECODE);
	}
}

static void malformed_escapes_and_nuls_are_refused(void **state)
{
	static const char *const wrong[] = { "/%", "/%4", "/a%", "/%g0", "/%0g", "/%%41", "/%u0041", "/% 41", "/%+1",
		"/%00", "/a%00.html" };
	char path[16] = "";

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_refused(wrong[i], REFUSE);
	assert_int_equal(decode("/a\0b", 4, REFUSE, path), -EINVAL);
}

static void what_does_not_begin_with_a_slash_is_no_path(void **state)
{
	(void)state;
	assert_refused("a", REFUSE);
	assert_refused("*", REFUSE);
	assert_refused("%2Fa", DECODE);
	assert_refused("?", REFUSE);
}

static void an_encoded_slash_is_refused_by_default(void **state)
{
	(void)state;
	assert_refused("/a%2Fb", REFUSE);
	assert_refused("/%2f", REFUSE);
	assert_refused("/a/..%2F..%2Fetc", REFUSE);
}

static void an_encoded_slash_on_demand_is_one_everywhere(void **state)
{
	static const struct path_case cases[] = {
		{ "/a%2Fb", "/a/b" },
		{ "/a/b%2f..%2Fc", "/a/c" },
		{ "/a%2F.", "/a/" },
		{ "/a/.%2Fb", "/a/b" },
	};

	(void)state;
	assert_paths(cases, sizeof cases / sizeof *cases, DECODE);
	assert_refused("/a/..%2F..%2Fetc", DECODE);
	assert_refused("/..%2Fa", DECODE);
}

static void what_does_not_fit_is_said(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(http1_uri_path("", 0, buf, 1, REFUSE), -EMSGSIZE);
	assert_int_equal(http1_uri_path("/", 1, buf, 0, REFUSE), -EMSGSIZE);
	assert_int_equal(http1_uri_path("/", 1, buf, 2, REFUSE), 0);
	assert_int_equal(http1_uri_path("/abc", 4, buf, 4, REFUSE), -EMSGSIZE);
	assert_int_equal(http1_uri_path("/abc", 4, buf, 5, REFUSE), 0);
	assert_string_equal(buf, "/abc");
	assert_int_equal(http1_uri_path("/%41%42%43", 10, buf, 5, REFUSE), 0);
	assert_string_equal(buf, "/ABC");
}

static void each_byte_but_nul_and_slash_has_an_escape(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char raw[8], path[8] = "", wanted[] = { '/', 'x', (char)byte, '\0' };

		snprintf(raw, sizeof raw, "/x%%%02x", (unsigned int)byte);
		assert_int_equal(decode(raw, strlen(raw), REFUSE, path), byte == '/' ? -EINVAL : 0);
		if (byte != '/')
			assert_string_equal(path, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_decoded_once),
		cmocka_unit_test(no_path_is_the_root),
		cmocka_unit_test(dot_segments_are_resolved_however_spelt),
		cmocka_unit_test(other_segments_of_dots_are_names),
		cmocka_unit_test(empty_segments_stay_and_count),
		cmocka_unit_test(nobody_climbs_above_the_root),
		cmocka_unit_test(malformed_escapes_and_nuls_are_refused),
		cmocka_unit_test(what_does_not_begin_with_a_slash_is_no_path),
		cmocka_unit_test(an_encoded_slash_is_refused_by_default),
		cmocka_unit_test(an_encoded_slash_on_demand_is_one_everywhere),
		cmocka_unit_test(what_does_not_fit_is_said),
		cmocka_unit_test(each_byte_but_nul_and_slash_has_an_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
