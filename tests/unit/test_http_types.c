/* SPDX-License-Identifier: MIT */
/* Claims about tables of media types that are read from a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <brood/http.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The table of a file with this text, so many times, or what open said. */
static int open_repeated(const char *text, size_t times, struct brood_http_types **ret_types)
{
	char path[] = "/tmp/test_http_types_XXXXXX";
	int fd = mkstemp(path), r;
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	assert_non_null(file);
	while (times-- > 0)
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
	r = brood_http_types_open(path, ret_types);
	unlink(path);
	return r;
}

static int open_text(const char *text, struct brood_http_types **ret_types)
{
	return open_repeated(text, 1, ret_types);
}

static void the_file_comes_before_our_own_table(void **state)
{
	struct brood_http_types *types;

	(void)state;
	assert_int_equal(open_text("# a comment\n\ntext/x-mine html mine\nimage/png\n", &types), 0);
	assert_string_equal(brood_http_type_of(types, "a.html"), "text/x-mine");
	assert_string_equal(brood_http_type_of(types, "a.d/b.mine"), "text/x-mine");
	assert_string_equal(brood_http_type_of(types, "a.css"), "text/css");
	assert_string_equal(brood_http_type_of(types, "a.nobody"), "application/octet-stream");
	assert_string_equal(brood_http_type_of(types, "README"), "application/octet-stream");
	assert_string_equal(brood_http_type_of(NULL, "a.html"), "text/html");
	brood_http_types_close(types);
	brood_http_types_close(NULL);
}

static void capitals_make_no_difference_on_either_side(void **state)
{
	struct brood_http_types *types;

	(void)state;
	assert_int_equal(open_text("text/x-c C c++\n", &types), 0);
	assert_string_equal(brood_http_type_of(types, "a.c"), "text/x-c");
	assert_string_equal(brood_http_type_of(types, "a.C++"), "text/x-c");
	brood_http_types_close(types);
}

static void the_last_line_for_an_extension_holds(void **state)
{
	struct brood_http_types *types;

	(void)state;
	assert_int_equal(open_text("text/one a b\ntext/two a\ntext/three c a", &types), 0);
	assert_string_equal(brood_http_type_of(types, "x.a"), "text/three");
	assert_string_equal(brood_http_type_of(types, "x.b"), "text/one");
	assert_string_equal(brood_http_type_of(types, "x.c"), "text/three");
	brood_http_types_close(types);
}

static void a_line_that_is_wrong_is_left_out(void **state)
{
	struct brood_http_types *types;

	(void)state;
	assert_int_equal(open_text("text/x-a a\nno-type b\ntext/x\x01y c\ntext/x-d d\n", &types), 0);
	assert_string_equal(brood_http_type_of(types, "x.a"), "text/x-a");
	assert_string_equal(brood_http_type_of(types, "x.b"), "application/octet-stream");
	assert_string_equal(brood_http_type_of(types, "x.c"), "application/octet-stream");
	assert_string_equal(brood_http_type_of(types, "x.d"), "text/x-d");
	brood_http_types_close(types);
}

static void its_size_and_its_rows_are_bounded(void **state)
{
	struct brood_http_types *types = NULL;

	(void)state;
	assert_int_equal(open_repeated("text/x-a a\n", BROOD_HTTP_TYPES, &types), 0);
	assert_string_equal(brood_http_type_of(types, "x.a"), "text/x-a");
	brood_http_types_close(types);
	types = NULL;
	assert_int_equal(open_repeated("text/x-a a\n", BROOD_HTTP_TYPES + 1, &types), -EFBIG);
	assert_int_equal(open_repeated("#\n", BROOD_HTTP_TYPES_SIZE / 2 + 1, &types), -EFBIG);
	assert_null(types);
}

static void an_extension_is_no_longer_than_those_that_exist(void **state)
{
	struct brood_http_types *types;

	(void)state;
	assert_int_equal(
		open_text("text/x-a a2345678901234567890123456789012 a23456789012345678901234567890123\n", &types),
		0);
	assert_string_equal(brood_http_type_of(types, "x.a2345678901234567890123456789012"), "text/x-a");
	assert_string_equal(
		brood_http_type_of(types, "x.a23456789012345678901234567890123"), "application/octet-stream");
	brood_http_types_close(types);
}

static void what_is_no_file_is_told(void **state)
{
	struct brood_http_types *types = NULL;

	(void)state;
	assert_int_equal(brood_http_types_open("/nonexistent/mime.types", &types), -ENOENT);
	assert_int_equal(brood_http_types_open("/tmp", &types), -EINVAL);
	assert_null(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_comes_before_our_own_table),
		cmocka_unit_test(capitals_make_no_difference_on_either_side),
		cmocka_unit_test(the_last_line_for_an_extension_holds),
		cmocka_unit_test(a_line_that_is_wrong_is_left_out),
		cmocka_unit_test(its_size_and_its_rows_are_bounded),
		cmocka_unit_test(an_extension_is_no_longer_than_those_that_exist),
		cmocka_unit_test(what_is_no_file_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
