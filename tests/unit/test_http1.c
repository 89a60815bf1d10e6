/* SPDX-License-Identifier: MIT */
/* Limits, options, parts and look-ups of http1.h; what requests come to is in test_http1_cases.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http1_outcome.h"
#include "protocol/http1_authority.h"

#define GET   "GET / HTTP/1.1\r\n"
#define HOST  "Host: a\r\n"
#define SMALL (GET HOST "\r\n")

/* A text as it grows. */
struct text {
	char bytes[3 * HTTP1_HEAD_MAX];
	size_t size;
};

static struct text text;
static struct http1_request request;

static void begin_text(const char *words)
{
	text.size = strlen(words);
	memcpy(text.bytes, words, text.size);
}

static void add(const char *words)
{
	size_t size = strlen(words);

	assert_true(text.size + size <= sizeof text.bytes);
	memcpy(text.bytes + text.size, words, size);
	text.size += size;
}

static void add_many(char byte, size_t count)
{
	assert_true(text.size + count <= sizeof text.bytes);
	memset(text.bytes + text.size, byte, count);
	text.size += count;
}

static ssize_t parse(const struct http1_options *options)
{
	http1_begin(&request, options);
	return http1_parse(&request, text.bytes, text.size);
}

/* Complete, in whole and byte by byte. */
static void is_fine(const struct http1_options *options)
{
	ssize_t got = -EAGAIN;

	assert_int_equal(parse(options), text.size);
	http1_begin(&request, options);
	for (size_t size = 0; size <= text.size; size++) {
		assert_int_equal(got, -EAGAIN);
		got = http1_parse(&request, text.bytes, size);
	}
	assert_int_equal(got, text.size);
}

/* In whole; and byte by byte at exactly the last byte that is there. */
static void is_refused(const struct http1_options *options, enum http1_fault fault)
{
	assert_int_equal(parse(options), -EBADMSG);
	assert_int_equal(request.fault, fault);
	http1_begin(&request, options);
	for (size_t size = 0; size < text.size; size++)
		assert_int_equal(http1_parse(&request, text.bytes, size), -EAGAIN);
	assert_int_equal(http1_parse(&request, text.bytes, text.size), -EBADMSG);
	assert_int_equal(request.fault, fault);
}

static void line_of(size_t size)
{
	begin_text("GET /");
	add_many('a', size - strlen("GET / HTTP/1.1"));
	add(" HTTP/1.1");
	assert_int_equal(text.size, size);
}

static void a_request_line_may_be_as_long_as_its_limit_and_no_byte_longer(void **state)
{
	const struct http1_options less = { .line_max = 20 }, more = { .line_max = 10 * HTTP1_LINE_MAX };

	(void)state;
	line_of(HTTP1_LINE_MAX);
	add("\r\n" HOST "\r\n");
	is_fine(NULL);
	is_fine(&more);
	line_of(HTTP1_LINE_MAX + 1);
	is_refused(NULL, HTTP1_LINE_TOO_LONG);
	is_refused(&more, HTTP1_LINE_TOO_LONG);
	line_of(20);
	add("\r\n" HOST "\r\n");
	is_fine(&less);
	line_of(21);
	is_refused(&less, HTTP1_LINE_TOO_LONG);
	assert_int_equal(http1_fault_status(request.fault), 414);
}

static void a_line_limit_below_that_of_methods_is_kept(void **state)
{
	const struct http1_options less = { .line_max = 4 };

	(void)state;
	begin_text("ABCDE");
	is_refused(&less, HTTP1_LINE_TOO_LONG);
}

static void a_line_of_a_gigabyte_is_refused_at_its_limit(void **state)
{
	(void)state;
	begin_text("GET /");
	add_many('a', sizeof text.bytes - text.size);
	assert_int_equal(parse(NULL), -EBADMSG);
	assert_int_equal(request.fault, HTTP1_LINE_TOO_LONG);
	begin_text("");
	add_many('A', HTTP1_METHOD_MAX + 1);
	is_refused(NULL, HTTP1_METHOD_TOO_LONG);
	assert_int_equal(http1_fault_status(request.fault), 501);
}

static void head_of(size_t size)
{
	begin_text(GET HOST);
	add("X: ");
	add_many('x', size - text.size - 4);
	add("\r\n\r\n");
	assert_int_equal(text.size, size);
}

static void a_head_may_be_as_long_as_its_limit_and_no_byte_longer(void **state)
{
	const struct http1_options less = { .head_max = 64 };

	(void)state;
	head_of(HTTP1_HEAD_MAX);
	is_fine(NULL);
	head_of(HTTP1_HEAD_MAX + 1);
	text.size = HTTP1_HEAD_MAX;
	is_refused(NULL, HTTP1_HEAD_TOO_LONG);
	assert_int_equal(http1_fault_status(request.fault), 431);
	head_of(64);
	is_fine(&less);
	head_of(65);
	text.size = 64;
	is_refused(&less, HTTP1_HEAD_TOO_LONG);
	line_of(65);
	text.size = 64;
	is_refused(&less, HTTP1_LINE_TOO_LONG);
}

static void what_comes_behind_a_head_of_the_limit_is_not_counted(void **state)
{
	(void)state;
	head_of(HTTP1_HEAD_MAX);
	add_many('\0', HTTP1_HEAD_MAX);
	assert_int_equal(parse(NULL), HTTP1_HEAD_MAX);
}

static void so_many_fields_may_come_and_no_more(void **state)
{
	const struct http1_options less = { .fields_max = 1 };

	(void)state;
	begin_text(GET HOST);
	for (unsigned int i = 1; i < HTTP1_FIELDS_MAX; i++)
		add("X: y\r\n");
	add("\r\n");
	is_fine(NULL);
	assert_int_equal(request.fields, HTTP1_FIELDS_MAX);
	text.size -= 2;
	add("X");
	is_refused(NULL, HTTP1_TOO_MANY_FIELDS);
	begin_text(SMALL);
	is_fine(&less);
	begin_text(GET HOST "X");
	is_refused(&less, HTTP1_TOO_MANY_FIELDS);
	assert_int_equal(http1_fault_status(request.fault), 431);
}

static void a_name_may_be_as_long_as_its_limit_and_no_byte_longer(void **state)
{
	(void)state;
	begin_text(GET HOST);
	add_many('n', HTTP1_NAME_MAX);
	add(": v\r\n\r\n");
	is_fine(NULL);
	begin_text(GET HOST);
	add_many('n', HTTP1_NAME_MAX + 1);
	is_refused(NULL, HTTP1_NAME_TOO_LONG);
}

static void a_control_byte_is_found_wherever_it_is_in_a_value(void **state)
{
	(void)state;
	for (size_t at = 0; at < 40; at++)
		for (unsigned int byte = 0; byte < 256; byte++) {
			bool text_byte = (byte >= 0x20 && byte != 0x7f) || byte == '\t';

			begin_text(GET HOST "X: ");
			add_many('\xff', at);
			add_many((char)byte, 1);
			add_many('!', 40 - at);
			add("\r\n\r\n");
			assert_int_equal(parse(NULL), text_byte ? (ssize_t)text.size : -EBADMSG);
		}
}

static void exactly_tokens_are_names_and_methods(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		bool alone = byte < 0x80 && (strchr("!#$%&'*+-.^_`|~", byte) || (byte >= '0' && byte <= '9') ||
						    ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'));

		begin_text(GET HOST "X");
		add_many((char)byte, 1);
		add("Y: z\r\n\r\n");
		/* A colon ends the name. */
		assert_int_equal(parse(NULL), alone || byte == ':' ? (ssize_t)text.size : -EBADMSG);
		begin_text("X");
		add_many((char)byte, 1);
		add("Y / HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(parse(NULL), alone ? (ssize_t)text.size : -EBADMSG);
	}
}

static void exactly_visible_ascii_is_a_target(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		bool good = byte > 0x20 && byte < 0x7f && byte != '%' && byte != '#';

		begin_text("GET /x");
		add_many((char)byte, 1);
		add("yz HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(parse(NULL), good ? (ssize_t)text.size : -EBADMSG);
	}
}

static void comes_to(const struct http1_options *options, const char *bytes, const char *expected)
{
	for (size_t step = 1; step <= strlen(bytes); step++) {
		char *outcome = outcome_of(bytes, strlen(bytes), 0, step, options);

		assert_string_equal(outcome, expected);
		free(outcome);
	}
}

static void bare_lf_is_let_pass_by_option_only_where_a_line_ends(void **state)
{
	const struct http1_options options = { .bare_lf = true };

	(void)state;
	comes_to(&options, "\nGET / HTTP/1.1\nHost: a\nX: y\r\n\n", "GET / @a {X: y} keep");
	comes_to(&options, "GET / HTTP/1.1\r\nHost: a\r\nX\n: y\r\n\r\n", "!BAD_NAME");
	comes_to(&options, "GET / HTTP/1.1\rHost: a\r\n\r\n", "!BARE_CR");
	comes_to(&options, "GET\n/ HTTP/1.1\r\nHost: a\r\n\r\n", "!BAD_LINE");
	comes_to(&options, "\n\nGET / HTTP/1.1\nHost: a\n\n", "!TOO_MANY_EMPTY_LINES");
}

static void blanks_before_a_colon_are_let_pass_by_option_and_belong_to_no_name(void **state)
{
	const struct http1_options options = { .blank_before_colon = true };

	(void)state;
	comes_to(&options, GET "Host \t: a\r\nX : y\r\n\r\n", "GET / @a {X: y} keep");
	comes_to(&options, GET HOST "X y: z\r\n\r\n", "!BAD_NAME");
	comes_to(&options, GET HOST "X \r\n\r\n", "!BAD_NAME");
	comes_to(&options, GET HOST " X: y\r\n\r\n", "!FOLD");
}

static void a_fold_is_let_pass_by_option_in_fields_that_the_parser_does_not_read(void **state)
{
	const struct http1_options options = { .obsolete_fold = true };

	(void)state;
	comes_to(&options, GET HOST "X: a\r\n\tb\r\n  c \r\nY: d\r\n\r\n",
		"GET / @a {X: a\r\n\tb\r\n  c} {Y: d} keep");
	comes_to(&options, GET HOST "X:\r\n  \r\n a\r\n \r\n\r\n", "GET / @a {X: a} keep");
	comes_to(&options, GET HOST "X: a\r\n b\a\r\n\r\n", "!BAD_VALUE");
	comes_to(&options, GET HOST "X: a\r\n b\nc\r\n\r\n", "!BARE_LF");
	comes_to(&options, GET HOST "\r\n", "GET / @a keep");
	comes_to(&options, GET "Host: a\r\n b\r\n\r\n", "!FOLD");
	comes_to(&options, GET " Host: a\r\n\r\n", "!FOLD");
	comes_to(&options, GET HOST "Content-Length: 1\r\n 2\r\n\r\n", "!FOLD");
	comes_to(&options, GET HOST "Transfer-Encoding:\r\n chunked\r\n\r\n", "!BAD_CODING");
	comes_to(&options, GET HOST "Connection: close,\r\n a\r\n\r\n", "!FOLD");
}

static void a_value_with_line_ends_within_is_announced(void **state)
{
	const struct http1_options options = { .obsolete_fold = true };

	(void)state;
	begin_text(GET HOST "X:\r\n a\r\n\r\n");
	assert_int_equal(parse(&options), text.size);
	assert_false(request.folded);
	begin_text(GET HOST "X: b\r\n a\r\n\r\n");
	assert_int_equal(parse(&options), text.size);
	assert_true(request.folded);
}

static void part_is(struct http1_part part, const char *expected)
{
	assert_int_equal(part.size, strlen(expected));
	assert_memory_equal(text.bytes + part.at, expected, part.size);
}

static void a_target_is_taken_apart(void **state)
{
	(void)state;
	begin_text("GET /a/b?c?d HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(parse(NULL), text.size);
	part_is(request.path, "/a/b");
	part_is(request.query, "c?d");
	assert_true(request.has_query);
	begin_text("GET /? HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(parse(NULL), text.size);
	part_is(request.path, "/");
	part_is(request.query, "");
	assert_true(request.has_query);
	begin_text("GET http://b:1?q HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(parse(NULL), text.size);
	part_is(request.path, "");
	part_is(request.query, "q");
	part_is(request.host, "b:1");
	begin_text("OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(parse(NULL), text.size);
	part_is(request.path, "");
	part_is(request.host, "a");
	assert_false(request.has_query);
}

/* Nothing that has passed the parser has NUL; the function does not rely on that. */
static void nul_does_not_end_an_ipv6_address(void **state)
{
	static const char literal[] = "[::1\0]";

	(void)state;
	assert_true(http1_authority_fits("[::1]", 5));
	assert_false(http1_authority_fits(literal, sizeof literal - 1));
}

static void fields_are_found_by_name_and_number(void **state)
{
	const struct http1_field *field;

	(void)state;
	begin_text(GET HOST "Accept: one\r\nX^: z\r\naccept: two\r\n\r\n");
	assert_int_equal(parse(NULL), text.size);
	field = http1_find(&request, text.bytes, "ACCEPT", 6, 0);
	part_is(field->name, "Accept");
	part_is(field->value, "one");
	field = http1_find(&request, text.bytes, "Accept", 6, 1);
	part_is(field->value, "two");
	assert_null(http1_find(&request, text.bytes, "Accept", 6, 2));
	assert_null(http1_find(&request, text.bytes, "Accep", 5, 0));
	assert_non_null(http1_find(&request, text.bytes, "x^", 2, 0));
	assert_null(http1_find(&request, text.bytes, "x~", 2, 0)); /* one bit apart, as large and small letters are */
}

static void what_is_known_of_a_refused_request_can_be_logged(void **state)
{
	(void)state;
	begin_text("GET /a%zz HTTP/1.1\r\n");
	assert_int_equal(parse(NULL), -EBADMSG);
	part_is(request.method, "GET");
	part_is(request.target, "/a%zz");
	begin_text("GET /\a");
	assert_int_equal(parse(NULL), -EBADMSG);
	part_is(request.method, "GET");
	part_is(request.target, "");
	begin_text("\a");
	assert_int_equal(parse(NULL), -EBADMSG);
	part_is(request.method, "");
}

static void a_refused_request_stays_refused(void **state)
{
	(void)state;
	begin_text("GET / HTTP/1.1\n");
	assert_int_equal(parse(NULL), -EBADMSG);
	begin_text(SMALL);
	assert_int_equal(http1_parse(&request, text.bytes, text.size), -EBADMSG);
	assert_int_equal(request.fault, HTTP1_BARE_LF);
	assert_int_equal(parse(NULL), text.size);
}

static void each_fault_has_a_status_a_section_and_a_sentence(void **state)
{
	(void)state;
	for (unsigned int fault = 1; fault < HTTP1_FAULTS; fault++) {
		assert_in_range(http1_fault_status(fault), 400, 505);
		assert_memory_equal(http1_fault_section(fault), "RFC ", 4);
		assert_true(strlen(http1_fault_sentence(fault)) > 8);
		for (unsigned int other = 1; other < fault; other++)
			assert_string_not_equal(http1_fault_sentence(fault), http1_fault_sentence(other));
	}
	assert_int_equal(http1_fault_status(HTTP1_FAULTS), 400);
	assert_int_equal(http1_fault_status(HTTP1_OTHER_VERSION), 505);
	assert_int_equal(http1_fault_status(HTTP1_OTHER_CODING), 501);
	assert_int_equal(http1_fault_status(HTTP1_BAD_EXPECTATION), 417);
	assert_int_equal(http1_fault_status(HTTP1_LENGTH_TOO_LARGE), 413);
	assert_string_equal(http1_fault_section(HTTP1_LENGTH_AND_CODING), "RFC 9112, 6.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_line_may_be_as_long_as_its_limit_and_no_byte_longer),
		cmocka_unit_test(a_line_limit_below_that_of_methods_is_kept),
		cmocka_unit_test(a_line_of_a_gigabyte_is_refused_at_its_limit),
		cmocka_unit_test(a_head_may_be_as_long_as_its_limit_and_no_byte_longer),
		cmocka_unit_test(what_comes_behind_a_head_of_the_limit_is_not_counted),
		cmocka_unit_test(so_many_fields_may_come_and_no_more),
		cmocka_unit_test(a_name_may_be_as_long_as_its_limit_and_no_byte_longer),
		cmocka_unit_test(a_control_byte_is_found_wherever_it_is_in_a_value),
		cmocka_unit_test(exactly_tokens_are_names_and_methods),
		cmocka_unit_test(exactly_visible_ascii_is_a_target),
		cmocka_unit_test(bare_lf_is_let_pass_by_option_only_where_a_line_ends),
		cmocka_unit_test(blanks_before_a_colon_are_let_pass_by_option_and_belong_to_no_name),
		cmocka_unit_test(a_fold_is_let_pass_by_option_in_fields_that_the_parser_does_not_read),
		cmocka_unit_test(a_value_with_line_ends_within_is_announced),
		cmocka_unit_test(a_target_is_taken_apart),
		cmocka_unit_test(nul_does_not_end_an_ipv6_address),
		cmocka_unit_test(fields_are_found_by_name_and_number),
		cmocka_unit_test(what_is_known_of_a_refused_request_can_be_logged),
		cmocka_unit_test(a_refused_request_stays_refused),
		cmocka_unit_test(each_fault_has_a_status_a_section_and_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
