/* SPDX-License-Identifier: MIT */
/* Claims about fields of an answer: no byte of them ends a line, and none of them is about framing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "protocol/http1_field.h"
#include "protocol/http1_token.h"

static bool is_name(const char *name)
{
	return http1_field_name_valid(name, strlen(name));
}

static bool is_value(const char *value)
{
	return http1_field_value_valid(value, strlen(value));
}

static bool is_reserved(const char *name)
{
	return http1_field_reserved(name, strlen(name));
}

static void a_name_is_made_of_these_bytes_and_no_others(void **state)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char name[] = { 'x', (char)byte, 'y' };

		assert_int_equal(http1_field_name_valid(name, 3), byte && strchr(allowed, byte));
	}
}

static void a_name_is_not_empty(void **state)
{
	(void)state;
	assert_false(is_name(""));
	assert_true(is_name("X"));
	assert_true(is_name("Content-Type"));
	assert_false(is_name("Content-Type:"));
	assert_false(is_name("Content Type"));
	assert_false(is_name("X\r\nSet-Cookie"));
}

static void a_value_has_no_controls_but_tab(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char value[] = { 'x', (char)byte, 'y' };
		bool control = (byte < ' ' && byte != '\t') || byte == 0x7f;

		assert_int_equal(http1_field_value_valid(value, 3), !control);
	}
	assert_false(is_value("a\r\nSet-Cookie: b"));
	assert_false(is_value("a\nb"));
	assert_false(is_value("a\n"));
	assert_false(is_value("\r"));
}

static void a_value_has_no_blank_at_its_ends(void **state)
{
	(void)state;
	assert_true(is_value(""));
	assert_true(is_value("a"));
	assert_true(is_value("a b\tc"));
	assert_false(is_value(" "));
	assert_false(is_value(" a"));
	assert_false(is_value("a "));
	assert_false(is_value("\ta"));
	assert_false(is_value("a\t"));
}

static void framing_and_the_connection_are_ours(void **state)
{
	static const char *const ours[] = { "Connection", "Content-Length", "Date", "Keep-Alive", "Proxy-Connection",
		"TE", "Trailer", "Transfer-Encoding", "Upgrade", "connection", "CONTENT-LENGTH", "tE",
		"transfer-encodinG" };
	static const char *const theirs[] = { "", "Content-Type", "Content-Length2", "Content-Lengt", "Server", "T",
		"TEE", "Etag", "Last-Modified", "Content-Encoding", "Trailers", "Content_Length", "Updates" };

	(void)state;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		assert_true(is_reserved(ours[i]));
	for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
		assert_false(is_reserved(theirs[i]));
}

static void words_are_compared_without_case_and_to_their_ends(void **state)
{
	(void)state;
	assert_true(http1_token_is("ByTeS", 5, "bYtEs"));
	assert_true(http1_token_is("", 0, ""));
	assert_false(http1_token_is("byte", 4, "bytes"));
	assert_false(http1_token_is("bytess", 6, "bytes"));
	assert_false(http1_token_is("a\0", 2, "a"));
	/* What differs in the same bit is another byte: no letter. */
	assert_false(http1_token_is("[", 1, "{"));
	assert_false(http1_token_is("@", 1, "`"));
	assert_false(http1_token_is("\xc9", 1, "\xe9"));
}

static void words_and_blanks_end_where_others_begin(void **state)
{
	(void)state;
	assert_int_equal(http1_token_size("gzip;q=1", 8), 4);
	assert_int_equal(http1_token_size("gzip", 2), 2);
	assert_int_equal(http1_token_size("", 0), 0);
	assert_int_equal(http1_token_size(" a", 2), 0);
	assert_int_equal(http1_token_blanks(" \t \ra", 5), 3);
	assert_int_equal(http1_token_blanks("   ", 2), 2);
	assert_int_equal(http1_token_blanks("a ", 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_made_of_these_bytes_and_no_others),
		cmocka_unit_test(a_name_is_not_empty),
		cmocka_unit_test(a_value_has_no_controls_but_tab),
		cmocka_unit_test(a_value_has_no_blank_at_its_ends),
		cmocka_unit_test(framing_and_the_connection_are_ours),
		cmocka_unit_test(words_are_compared_without_case_and_to_their_ends),
		cmocka_unit_test(words_and_blanks_end_where_others_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
