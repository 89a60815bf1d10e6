/* SPDX-License-Identifier: MIT */
/* Claims about HTTP responses: where one ends, and what is none, however its bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <stdio.h>
#include <stdlib.h>

#include "load/response.h"

#define GOES_ON (-2) /* all taken, and not over */

/* Fed in pieces of so many bytes: how many belong to the response once it is over, or GOES_ON, or -EBADMSG. */
static ssize_t feed(struct response *response, const char *data, size_t size, size_t step)
{
	size_t at = 0;

	while (at < size && response->state != RESPONSE_OVER) {
		size_t here = size - at < step ? size - at : step;
		ssize_t taken = response_take(response, data + at, here);

		if (taken < 0)
			return taken;
		at += (size_t)taken;
		if (response->state != RESPONSE_OVER)
			assert_int_equal(taken, here);
	}
	return response->state == RESPONSE_OVER ? (ssize_t)at : GOES_ON;
}

static void assert_response(const char *text, bool of_head, ssize_t wanted, bool keeps)
{
	for (size_t step = 1; step <= strlen(text); step++) {
		struct response response;

		response_begin(&response, of_head);
		assert_int_equal(feed(&response, text, strlen(text), step), wanted);
		if (wanted >= 0)
			assert_int_equal(response.keeps, keeps);
	}
}

static void assert_whole(const char *text, bool keeps)
{
	char more[1024];

	assert_response(text, false, (ssize_t)strlen(text), keeps);
	/* What follows is not part of it. */
	snprintf(more, sizeof more, "%s%s", text, "HTTP/1.1 ");
	assert_response(more, false, (ssize_t)strlen(text), keeps);
}

static void assert_none(const char *text)
{
	assert_response(text, false, -EBADMSG, false);
}

static void a_length_ends_the_body(void **state)
{
	(void)state;
	assert_whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true);
	assert_whole("HTTP/1.1 200 OK\r\ncontent-length:0 \r\n\r\n", true);
	assert_whole("HTTP/1.1 404\r\nA: b\r\nCONTENT-LENGTH:\t3\r\nContent-Length: 3\r\n\r\nno\n", true);
	assert_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false, GOES_ON, true);
}

static void chunks_end_the_body(void **state)
{
	(void)state;
	assert_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\n, w\r\n0\r\nT: "
		     "x\r\n\r\n",
		true);
	assert_whole(
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0\r\n\r\n", true);
	assert_none("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n");
	assert_none("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n");
}

static void else_the_end_of_the_connection_does(void **state)
{
	static const char *const texts[] = { "HTTP/1.1 200 OK\r\n\r\nHello", "HTTP/1.1 200 OK\n\nHello, World!\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nxy",
		"HTTP/1.0 200 OK\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct response response;

		response_begin(&response, false);
		assert_int_equal(feed(&response, texts[i], strlen(texts[i]), 7), GOES_ON);
		assert_true(response_end(&response));
		assert_false(response.keeps);
	}
}

static void an_end_before_the_body_is_complete_is_none(void **state)
{
	static const char *const texts[] = { "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct response response;

		response_begin(&response, false);
		assert_int_equal(feed(&response, texts[i], strlen(texts[i]), 3), GOES_ON);
		assert_false(response_end(&response));
	}
}

static void some_responses_have_no_body_whatever_they_say(void **state)
{
	(void)state;
	assert_whole("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", true);
	assert_whole("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", true);
	assert_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 38, true);
	assert_response("HTTP/1.1 200 OK\r\n\r\n", true, 19, true);
}

static void interim_responses_come_before_the_one_that_counts(void **state)
{
	char many[1024] = "";

	(void)state;
	assert_whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 9\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		true);
	assert_none("HTTP/1.1 101 Switching Protocols\r\n\r\n");
	for (int i = 0; i <= RESPONSE_INTERIM_MAX; i++)
		strcat(many, "HTTP/1.1 100 C\r\n\r\n");
	assert_none(many);
}

static void connection_says_whether_it_stays(void **state)
{
	(void)state;
	assert_whole("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false);
	assert_whole("HTTP/1.1 200 OK\r\nConnection: x , CLOSE\r\nContent-Length: 0\r\n\r\n", false);
	assert_whole("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false);
	assert_whole("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", true);
	assert_whole("HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 0\r\n\r\n", true);
}

static void what_is_no_status_line_is_none(void **state)
{
	(void)state;
	/* Document 003's server begins with an empty line. */
	assert_none("\nHTTP/1.1 200 OK\n\n");
	assert_none("hello\n");
	assert_none("HTTP/2.0 200 OK\r\n\r\n");
	assert_none("HTTP/1.x 200 OK\r\n\r\n");
	assert_none("HTTP/1.1 20 OK\r\n\r\n");
	assert_none("HTTP/1.1 2000 OK\r\n\r\n");
	assert_none("HTTP/1.1 099 OK\r\n\r\n");
	assert_none("HTTP/1.1 600 OK\r\n\r\n");
	assert_none("HTTP/1.1  200 OK\r\n\r\n");
}

static void what_is_no_field_is_none(void **state)
{
	(void)state;
	assert_none("HTTP/1.1 200 OK\r\nno field\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\n: x\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n");
}

static void a_long_field_is_taken_and_a_head_without_end_is_not(void **state)
{
	static const size_t steps[] = { 1, 100, 4096, RESPONSE_HEAD_MAX + 100 };
	char *text = malloc(RESPONSE_HEAD_MAX + 100);
	size_t size;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct response response;

		strcpy(text, "HTTP/1.1 200 OK\r\nSet-Cookie: ");
		size = strlen(text);
		memset(text + size, 'x', 20000);
		strcpy(text + size + 20000, "\r\nContent-Length: 0\r\n\r\n");
		response_begin(&response, false);
		assert_int_equal(feed(&response, text, strlen(text), steps[i]), strlen(text));

		memset(text + size, 'x', RESPONSE_HEAD_MAX);
		response_begin(&response, false);
		assert_int_equal(feed(&response, text, RESPONSE_HEAD_MAX, steps[i]), GOES_ON);
		response_begin(&response, false);
		assert_int_equal(feed(&response, text, RESPONSE_HEAD_MAX + 1, steps[i]), -EBADMSG);
		assert_int_equal(response_take(&response, "\r\n", 2), -EBADMSG);
	}
	free(text);
}

static void a_body_may_be_dropped_unseen(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nxy";
	struct response response;

	(void)state;
	response_begin(&response, false);
	assert_int_equal(feed(&response, head, sizeof head - 1, 9), GOES_ON);
	assert_int_equal(response.left, 9999999998);
	response_skip(&response, 9999999997);
	assert_int_equal(response.state, RESPONSE_LENGTH);
	response_skip(&response, 1);
	assert_int_equal(response.state, RESPONSE_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_ends_the_body),
		cmocka_unit_test(chunks_end_the_body),
		cmocka_unit_test(else_the_end_of_the_connection_does),
		cmocka_unit_test(an_end_before_the_body_is_complete_is_none),
		cmocka_unit_test(some_responses_have_no_body_whatever_they_say),
		cmocka_unit_test(interim_responses_come_before_the_one_that_counts),
		cmocka_unit_test(connection_says_whether_it_stays),
		cmocka_unit_test(what_is_no_status_line_is_none),
		cmocka_unit_test(what_is_no_field_is_none),
		cmocka_unit_test(a_long_field_is_taken_and_a_head_without_end_is_not),
		cmocka_unit_test(a_body_may_be_dropped_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
