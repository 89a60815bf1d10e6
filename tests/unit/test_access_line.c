/* SPDX-License-Identifier: MIT */
/* Lines of the access log: what stands where, and what clients cannot do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/line_spool.h"
#include "observe/access_line.h"

#define BEGAN_NS (INT64_C(1795252953) * 1000000000 + 123456789) /* 2026-11-21 09:22:33 UTC */
#define TEXT(t)  ((struct access_text){ (t), sizeof(t) - 1 })

static struct access_facts some_facts(void)
{
	return (struct access_facts){
		.began_ns = BEGAN_NS,
		.peer = "192.0.2.1:5000",
		.service = "web",
		.method = TEXT("GET"),
		.target = TEXT("/x?y"),
		.minor = 1,
		.status = 200,
		.bytes = 14,
		.agent = TEXT("me"),
		.duration_us = 1234,
		.queue_us = ACCESS_UNKNOWN,
		.worker = 77,
	};
}

static const char *line_of(enum access_format format, const struct access_facts *facts)
{
	static char line[LOG_LINE_MAX + 1];
	struct access_stamp stamp = { 0 };
	size_t size = access_line(line, format, facts, &stamp);

	assert_int_equal(size, strlen(line));
	assert_true(size <= LOG_LINE_MAX);
	assert_ptr_equal(strchr(line, '\n'), line + size - 1);
	return line;
}

static void each_format_has_its_facts_in_order(void **state)
{
	struct access_facts facts = some_facts();

	(void)state;
	assert_string_equal(line_of(ACCESS_COMMON, &facts),
		"192.0.2.1 - - [21/Nov/2026:09:22:33 +0000] \"GET /x?y HTTP/1.1\" 200 14\n");
	assert_string_equal(line_of(ACCESS_COMBINED, &facts),
		"192.0.2.1 - - [21/Nov/2026:09:22:33 +0000] \"GET /x?y HTTP/1.1\" 200 14 \"-\" \"me\"\n");
	facts.queue_us = 5;
	assert_string_equal(line_of(ACCESS_COMBINED_PLUS, &facts),
		"192.0.2.1 - - [21/Nov/2026:09:22:33 +0000] \"GET /x?y HTTP/1.1\" 200 14 \"-\" \"me\" 1234 5 77\n");
	assert_string_equal(line_of(ACCESS_JSON, &facts),
		"{\"time\":\"2026-11-21T09:22:33.123Z\",\"service\":\"web\",\"peer\":\"192.0.2.1\",\"method\":"
		"\"GET\","
		"\"target\":\"/x?y\",\"version\":\"HTTP/"
		"1.1\",\"status\":200,\"bytes\":14,\"referer\":null,\"agent\":\"me\","
		"\"duration_us\":1234,\"queue_us\":5,\"worker\":77}\n");
}

static void what_nobody_knows_is_a_dash_or_null(void **state)
{
	struct access_facts facts = some_facts();

	(void)state;
	facts.method.text = facts.target.text = facts.agent.text = NULL;
	facts.minor = ACCESS_UNKNOWN;
	facts.bytes = ACCESS_UNKNOWN;
	facts.status = 0;
	facts.reason = "client-gone";
	assert_string_equal(line_of(ACCESS_COMBINED_PLUS, &facts),
		"192.0.2.1 - - [21/Nov/2026:09:22:33 +0000] \"-\" 000 - \"-\" \"-\" 1234 - 77 client-gone\n");
	assert_non_null(strstr(line_of(ACCESS_JSON, &facts),
		"\"method\":null,\"target\":null,\"version\":null,\"status\":0,\"bytes\":null,"));
	assert_non_null(strstr(line_of(ACCESS_JSON, &facts), "\"reason\":\"client-gone\"}"));
}

static void quotes_backslashes_and_controls_cannot_leave_their_field(void **state)
{
	struct access_facts facts = some_facts();

	(void)state;
	facts.target = TEXT("/\"\\\x1b\n\0z");
	facts.agent = TEXT("\xff\r");
	assert_non_null(strstr(line_of(ACCESS_COMBINED, &facts),
		"\"GET /\\x22\\x5c\\x1b\\x0a\\x00z HTTP/1.1\" 200 14 \"-\" \"\\xff\\x0d\"\n"));
	assert_non_null(strstr(line_of(ACCESS_JSON, &facts), "\"/\\u0022\\u005c\\u001b\\u000a\\u0000z\""));
	assert_non_null(strstr(line_of(ACCESS_JSON, &facts), "\"\xef\xbf\xbd\\u000d\""));
}

static void a_line_that_could_not_be_read_is_shown_as_it_came(void **state)
{
	struct access_facts facts = some_facts();

	(void)state;
	facts.raw = TEXT("no request");
	facts.method.text = facts.target.text = NULL;
	assert_non_null(strstr(line_of(ACCESS_COMMON, &facts), " \"no request\" 200"));
	assert_non_null(strstr(line_of(ACCESS_JSON, &facts), "\"request\":\"no request\""));
}

static void long_texts_are_cut_and_show_it(void **state)
{
	static char quotes[9000], letters[9000];
	struct access_facts facts = some_facts();

	(void)state;
	memset(quotes, '"', sizeof quotes - 1);
	memset(letters, 'x', sizeof letters - 1);
	for (enum access_format format = ACCESS_COMMON; format <= ACCESS_JSON; format++) {
		facts.target = facts.referer = facts.agent = facts.method = TEXT(quotes);
		facts.service = facts.peer = quotes;
		assert_non_null(strstr(line_of(format, &facts), ACCESS_CUT));
		facts.target = facts.referer = facts.agent = facts.method = TEXT(letters);
		facts.service = facts.peer = letters;
		assert_non_null(strstr(line_of(format, &facts), ACCESS_CUT));
	}
	facts = some_facts();
	facts.target_is_cut = true;
	assert_non_null(strstr(line_of(ACCESS_COMMON, &facts), "\"GET /x?y" ACCESS_CUT " HTTP/1.1\""));
	assert_non_null(strstr(line_of(ACCESS_JSON, &facts), "\"cut\":true"));
}

static void a_peer_is_told_without_its_port(void **state)
{
	static const char *const peers[][2] = { { "[2001:db8::1]:80", "2001:db8::1 " }, { "unix:", "unix: " },
		{ "unix:/a b", "unix:/a_b " }, { "vsock:3:5000", "vsock:3:5000 " }, { "unknown", "unknown " } };
	struct access_facts facts = some_facts();

	(void)state;
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
		facts.peer = peers[i][0];
		assert_memory_equal(line_of(ACCESS_COMMON, &facts), peers[i][1], strlen(peers[i][1]));
	}
}

static void a_second_is_written_once_and_then_known(void **state)
{
	struct access_facts facts = some_facts();
	struct access_stamp stamp = { 0 };
	char line[LOG_LINE_MAX + 1];

	(void)state;
	access_line(line, ACCESS_COMMON, &facts, &stamp);
	stamp.text[0] = '3';
	access_line(line, ACCESS_COMMON, &facts, &stamp);
	assert_non_null(strstr(line, "[31/Nov/2026:09:22:33 +0000]"));
	facts.began_ns += 1000000000;
	access_line(line, ACCESS_COMMON, &facts, &stamp);
	assert_non_null(strstr(line, "[21/Nov/2026:09:22:34 +0000]"));
	facts.began_ns = 0;
	access_line(line, ACCESS_COMMON, &facts, &stamp);
	assert_non_null(strstr(line, "[01/Jan/1970:00:00:00 +0000]"));
}

static void formats_are_known_by_name(void **state)
{
	(void)state;
	assert_int_equal(access_line_format("common"), ACCESS_COMMON);
	assert_int_equal(access_line_format("combined+"), ACCESS_COMBINED_PLUS);
	assert_int_equal(access_line_format("json"), ACCESS_JSON);
	assert_int_equal(access_line_format("rare"), ACCESS_NONE);
	assert_int_equal(access_line_format(NULL), ACCESS_NONE);
}

/* ---- What a forked worker leaves ---- */

static size_t spool_line(char *spool, size_t at, int64_t asked_ns, uint64_t size)
{
	struct line_head head = { .asked_ns = asked_ns, .size = size };

	memcpy(spool + at, &head, sizeof head);
	return at + sizeof head;
}

static void a_spool_gives_its_lines_and_whose_was_the_last(void **state)
{
	char spool[LINE_SPOOL_SIZE] = { 0 };
	size_t at = spool_line(spool, 0, 5, 0);
	int64_t last_ns;

	(void)state;
	assert_int_equal(line_spool_take(spool, &last_ns), 0);
	assert_int_equal(last_ns, 5);
	at = spool_line(spool, at, 7, 3);
	memcpy(spool + at, "ab\n", 3);
	at = spool_line(spool, at + 3, 9, 2);
	memcpy(spool + at, "c\n", 2);
	assert_int_equal(line_spool_take(spool, &last_ns), 5);
	assert_memory_equal(spool, "ab\nc\n", 5);
	assert_int_equal(last_ns, 9);
}

static void a_spool_full_of_rubbish_is_left_at_its_end(void **state)
{
	char spool[LINE_SPOOL_SIZE];
	int64_t last_ns;

	(void)state;
	memset(spool, 0xff, sizeof spool);
	assert_int_equal(line_spool_take(spool, &last_ns), 0);
	spool_line(spool, 0, 1, LINE_SPOOL_SIZE);
	assert_int_equal(line_spool_take(spool, &last_ns), 0);
	spool_line(spool, 0, 1, LINE_SPOOL_SIZE - sizeof(struct line_head));
	assert_int_equal(line_spool_take(spool, &last_ns), LINE_SPOOL_SIZE - sizeof(struct line_head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_has_its_facts_in_order),
		cmocka_unit_test(what_nobody_knows_is_a_dash_or_null),
		cmocka_unit_test(quotes_backslashes_and_controls_cannot_leave_their_field),
		cmocka_unit_test(a_line_that_could_not_be_read_is_shown_as_it_came),
		cmocka_unit_test(long_texts_are_cut_and_show_it),
		cmocka_unit_test(a_peer_is_told_without_its_port),
		cmocka_unit_test(a_second_is_written_once_and_then_known),
		cmocka_unit_test(formats_are_known_by_name),
		cmocka_unit_test(a_spool_gives_its_lines_and_whose_was_the_last),
		cmocka_unit_test(a_spool_full_of_rubbish_is_left_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
