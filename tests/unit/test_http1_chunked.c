/* SPDX-License-Identifier: MIT */
/* Limits and calls of http1_chunked.h; what bodies come to is in test_http1_cases.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/http1_chunked.h"

static struct http1_chunked chunked;
static uint64_t body;

static ssize_t next(const char *bytes)
{
	return http1_chunked_next(&chunked, bytes, strlen(bytes), &body);
}

static void is_read(const char *coding)
{
	assert_int_equal(next(coding), strlen(coding));
}

/* So many times the same byte: all are coding and none is refused. */
static void is_read_many(char byte, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(http1_chunked_next(&chunked, &byte, 1, &body), 1);
}

static void is_refused(const char *coding, enum http1_fault fault)
{
	assert_int_equal(next(coding), -EBADMSG);
	assert_int_equal(chunked.fault, fault);
}

static void only_coding_is_consumed(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	assert_int_equal(next("5\r\nhello\r\n0\r\n\r\nGET"), 3);
	assert_int_equal(body, 5);
	assert_int_equal(next("hello\r\n"), 0);
	assert_int_equal(body, 5);
	http1_chunked_took(&chunked, 2);
	assert_int_equal(next("llo\r\n"), 0);
	assert_int_equal(body, 3);
	http1_chunked_took(&chunked, 3);
	assert_int_equal(next("\r\n0\r\n\r\nGET"), 7);
	assert_int_equal(body, 0);
	assert_true(chunked.over);
	assert_int_equal(next("GET / HTTP/1.1"), 0);
	assert_int_equal(body, 0);
}

static void no_byte_is_no_fault(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("");
	is_read("1");
	is_read("");
	is_read("0\r\n");
	assert_int_equal(body, 16);
	is_read("");
	assert_int_equal(body, 16);
}

static void what_is_to_come_may_be_more_than_is_there(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("7fffffffffffffff\r\n");
	assert_int_equal(body, INT64_MAX);
	http1_chunked_took(&chunked, INT64_MAX - 1);
	is_read("");
	assert_int_equal(body, 1);
	http1_chunked_took(&chunked, 1);
	is_read("\r\n");
	assert_false(chunked.over);
}

static void a_fault_leaves_the_output_and_stays(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("5\r\n");
	http1_chunked_took(&chunked, 5);
	body = 77;
	is_refused("x", HTTP1_BAD_CHUNK_END);
	is_refused("\r\n0\r\n\r\n", HTTP1_BAD_CHUNK_END);
	is_refused("", HTTP1_BAD_CHUNK_END);
	assert_int_equal(body, 77);
	http1_chunked_begin(&chunked);
	is_read("0\r\n\r\n");
	assert_true(chunked.over);
}

static void the_line_of_a_chunk_may_be_as_long_as_its_limit_and_no_byte_longer(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("0;");
	is_read_many('x', HTTP1_CHUNK_LINE_MAX - 2);
	is_read("\r\n\r\n");
	assert_true(chunked.over);
	http1_chunked_begin(&chunked);
	is_read("1;");
	is_read_many('x', HTTP1_CHUNK_LINE_MAX - 2);
	is_refused("x", HTTP1_CHUNK_LINE_TOO_LONG);
	http1_chunked_begin(&chunked);
	is_read_many('0', HTTP1_CHUNK_LINE_MAX);
	is_refused("0", HTTP1_CHUNK_LINE_TOO_LONG);
}

static void each_line_of_a_chunk_has_the_limit_for_itself(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	for (unsigned int i = 0; i < 10; i++) {
		is_read_many('0', HTTP1_CHUNK_LINE_MAX - 1);
		is_read("1\r\n");
		http1_chunked_took(&chunked, 1);
		is_read("\r\n");
	}
}

static void all_extensions_of_a_body_have_one_limit(void **state)
{
	const unsigned int each = 1024; /* bytes of extension in one chunk */

	(void)state;
	http1_chunked_begin(&chunked);
	for (unsigned int i = 0; i < HTTP1_EXTENSIONS_MAX / each; i++) {
		is_read("1;");
		is_read_many('x', each - 1);
		is_read("\r\n");
		http1_chunked_took(&chunked, 1);
		is_read("\r\n");
	}
	is_read("1");
	is_refused(";", HTTP1_EXTENSIONS_TOO_LONG);
	assert_int_equal(http1_fault_status(chunked.fault), 400);
}

static void trailers_may_be_as_long_as_their_limit_and_no_byte_longer(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("0\r\nX: ");
	is_read_many('x', HTTP1_TRAILERS_MAX - 5);
	is_read("\r\n\r\n");
	assert_true(chunked.over);
	http1_chunked_begin(&chunked);
	is_read("0\r\nX: y\r\nX: ");
	is_read_many('x', HTTP1_TRAILERS_MAX - 9);
	is_refused("x", HTTP1_TRAILERS_TOO_LONG);
	assert_int_equal(http1_fault_status(chunked.fault), 431);
}

static void so_many_trailers_may_come_and_no_more(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("0\r\n");
	for (unsigned int i = 0; i < HTTP1_TRAILER_FIELDS; i++)
		is_read("X: y\r\n");
	is_refused("X", HTTP1_TOO_MANY_FIELDS);
}

static void the_name_of_a_trailer_has_the_limit_of_names(void **state)
{
	(void)state;
	http1_chunked_begin(&chunked);
	is_read("0\r\n");
	is_read_many('n', HTTP1_NAME_MAX);
	is_read(":\r\n");
	is_read_many('n', HTTP1_NAME_MAX);
	is_refused("n", HTTP1_NAME_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_coding_is_consumed),
		cmocka_unit_test(no_byte_is_no_fault),
		cmocka_unit_test(what_is_to_come_may_be_more_than_is_there),
		cmocka_unit_test(a_fault_leaves_the_output_and_stays),
		cmocka_unit_test(the_line_of_a_chunk_may_be_as_long_as_its_limit_and_no_byte_longer),
		cmocka_unit_test(each_line_of_a_chunk_has_the_limit_for_itself),
		cmocka_unit_test(all_extensions_of_a_body_have_one_limit),
		cmocka_unit_test(trailers_may_be_as_long_as_their_limit_and_no_byte_longer),
		cmocka_unit_test(so_many_trailers_may_come_and_no_more),
		cmocka_unit_test(the_name_of_a_trailer_has_the_limit_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
