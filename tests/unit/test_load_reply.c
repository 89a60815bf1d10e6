/* SPDX-License-Identifier: MIT */
/* Claims about answers that are not HTTP: when one is complete, and when it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "load/reply.h"

static struct reply_rule rule_of(enum reply_kind kind, uint64_t size, const char *sent)
{
	return reply_rule(kind, size, sent, strlen(sent));
}

/* Piece by piece; all but the last must leave it open. */
static enum reply_progress progress_of(const struct reply_rule *rule, const char *const *pieces)
{
	enum reply_progress progress = REPLY_MORE;
	struct reply reply;

	reply_begin(rule, &reply);
	for (; *pieces; pieces++) {
		assert_int_equal(progress, REPLY_MORE);
		progress = reply_take(rule, &reply, *pieces, strlen(*pieces));
	}
	return progress;
}

#define PROGRESS(rule, ...) progress_of(&(rule), (const char *const[]){ __VA_ARGS__, NULL })

static void the_message_decides_where_its_answer_ends(void **state)
{
	(void)state;
	assert_int_equal(rule_of(REPLY_AUTO, 0, "1+1\n").kind, REPLY_LINES);
	assert_int_equal(rule_of(REPLY_AUTO, 0, "hello").kind, REPLY_ECHO);
	assert_int_equal(rule_of(REPLY_AUTO, 0, "").kind, REPLY_CLOSE);
	assert_int_equal(rule_of(REPLY_NONE, 0, "1+1\n").kind, REPLY_NONE);
}

static void there_are_as_many_lines_as_were_sent(void **state)
{
	struct reply_rule one = rule_of(REPLY_AUTO, 0, "1+1\n"), three = rule_of(REPLY_AUTO, 0, "1\n2\n3\n");

	(void)state;
	assert_int_equal(PROGRESS(one, "2"), REPLY_MORE);
	assert_int_equal(PROGRESS(one, "2", "\n"), REPLY_OVER);
	assert_int_equal(PROGRESS(one, "2\n3\n"), REPLY_WRONG);
	assert_int_equal(PROGRESS(one, "2\n3"), REPLY_WRONG);
	assert_int_equal(PROGRESS(three, "1\n2\n", "3"), REPLY_MORE);
	assert_int_equal(PROGRESS(three, "1\n2\n", "3", "\n"), REPLY_OVER);
	/* Nothing sent, a line is expected all the same. */
	assert_int_equal(rule_of(REPLY_LINES, 0, "x").expected, 1);
}

static void an_echo_is_what_was_sent(void **state)
{
	struct reply_rule rule = rule_of(REPLY_AUTO, 0, "hello");

	(void)state;
	assert_int_equal(PROGRESS(rule, "he"), REPLY_MORE);
	assert_int_equal(PROGRESS(rule, "he", "llo"), REPLY_OVER);
	assert_int_equal(PROGRESS(rule, "he", "lLO"), REPLY_WRONG);
	assert_int_equal(PROGRESS(rule, "hello!"), REPLY_WRONG);
	assert_int_equal(PROGRESS(rule, "he", "llo!"), REPLY_WRONG);
}

static void a_size_counts_any_bytes(void **state)
{
	struct reply_rule rule = rule_of(REPLY_SIZE, 4, "x");

	(void)state;
	assert_int_equal(PROGRESS(rule, "abc"), REPLY_MORE);
	assert_int_equal(PROGRESS(rule, "abc", "d"), REPLY_OVER);
	assert_int_equal(PROGRESS(rule, "abc", "de"), REPLY_WRONG);
}

static void only_what_ends_with_the_connection_may_end_with_it(void **state)
{
	struct reply_rule lines = rule_of(REPLY_LINES, 0, "x\n"), close = rule_of(REPLY_CLOSE, 0, "x\n");
	struct reply reply;

	(void)state;
	reply_begin(&close, &reply);
	assert_int_equal(reply_take(&close, &reply, "anything\n", 9), REPLY_MORE);
	assert_int_equal(reply_end(&close, &reply), REPLY_OVER);
	assert_false(reply_keeps(&close, &reply));
	reply_begin(&lines, &reply);
	assert_int_equal(reply_end(&lines, &reply), REPLY_MORE);
	assert_true(reply_keeps(&lines, &reply));
}

static void a_datagram_is_an_answer(void **state)
{
	struct reply_rule rule = rule_of(REPLY_PACKET, 0, "x");

	(void)state;
	assert_int_equal(PROGRESS(rule, "anything"), REPLY_OVER);
	assert_int_equal(PROGRESS(rule, ""), REPLY_OVER);
}

static void bytes_behind_a_response_are_wrong(void **state)
{
	struct reply_rule rule = rule_of(REPLY_HTTP, 0, "GET / HTTP/1.1\r\n\r\n");

	(void)state;
	assert_int_equal(PROGRESS(rule, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "x"), REPLY_OVER);
	assert_int_equal(PROGRESS(rule, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "xy"), REPLY_WRONG);
	assert_int_equal(PROGRESS(rule, "\n"), REPLY_WRONG);
	assert_true(rule_of(REPLY_HTTP, 0, "HEAD / HTTP/1.1\r\n\r\n").of_head);
	assert_false(rule.of_head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message_decides_where_its_answer_ends),
		cmocka_unit_test(there_are_as_many_lines_as_were_sent),
		cmocka_unit_test(an_echo_is_what_was_sent),
		cmocka_unit_test(a_size_counts_any_bytes),
		cmocka_unit_test(only_what_ends_with_the_connection_may_end_with_it),
		cmocka_unit_test(a_datagram_is_an_answer),
		cmocka_unit_test(bytes_behind_a_response_are_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
