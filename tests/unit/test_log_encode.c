/* SPDX-License-Identifier: MIT */
/* Records as lines: text for people, JSON for programs, and nothing that foreign bytes could do to either. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/log.h"

/* 2026-11-21 12:22:17.123 UTC */
#define THEN_NS INT64_C(1795263737123456789)

static const char *encode(enum log_format format, const struct log_record *record)
{
	static char line[LOG_LINE_MAX + 1];
	struct log log;
	size_t size;

	log_init(&log);
	log.format = format;
	size = log_encode(&log, record, THEN_NS, 1132, line);
	assert_true(size <= LOG_LINE_MAX);
	assert_int_equal(line[size - 1], '\n');
	line[size] = '\0';
	assert_ptr_equal(strchr(line, '\n'), line + size - 1);
	return line;
}

#define RECORD(words, ...)                                     \
	(&(struct log_record){ .level = BROOD_INFO,            \
		.service = "calc",                             \
		.message = (words),                            \
		.fields = (struct log_field[]){ __VA_ARGS__ }, \
		.field_count = sizeof((struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field) })

static void text_line_reads_as_documented(void **state)
{
	(void)state;
	assert_string_equal(encode(LOG_FORMAT_TEXT,
				    RECORD("over", LOG_TEXT("peer", "127.0.0.1:5000"), LOG_TEXT("note", "with space"),
					    LOG_INT("error", -104), LOG_UINT("bytes", UINT64_MAX),
					    LOG_TEXT("absent", NULL), LOG_TEXT("empty", ""), LOG_TEXT("sum", "a=b"))),
		"2026-11-21 12:22:17.123 [INFO] [1132] calc: over peer=127.0.0.1:5000 note=\"with space\" error=-104 "
		"bytes=18446744073709551615 empty=\"\" sum=\"a=b\"\n");
}

static void json_line_reads_as_documented(void **state)
{
	(void)state;
	assert_string_equal(encode(LOG_FORMAT_JSON, RECORD("over \"x\"", LOG_TEXT("peer", "unix:"),
							    LOG_INT("error", -1), LOG_TEXT("absent", NULL))),
		"{\"time\":\"2026-11-21T12:22:17.123Z\",\"level\":\"info\",\"pid\":1132,\"service\":\"calc\","
		"\"message\":\"over \\u0022x\\u0022\",\"peer\":\"unix:\",\"error\":-1}\n");
}

static void supervisor_lines_have_no_service(void **state)
{
	struct log_record record = { .level = BROOD_ERROR, .message = "gave up" };

	(void)state;
	assert_string_equal(encode(LOG_FORMAT_TEXT, &record), "2026-11-21 12:22:17.123 [ERROR] [1132] gave up\n");
	assert_null(strstr(encode(LOG_FORMAT_JSON, &record), "service"));
}

/* tzset's lock may be held for ever in a process that was forked from a threaded one. */
static void a_forked_process_lives_with_the_zone_it_knows(void **state)
{
	static const int64_t day_ns = 86400 * NS_PER_SEC;
	struct log_record record = { .message = "x" };
	struct log log;
	char line[LOG_LINE_MAX];

	(void)state;
	setenv("TZ", "XXX4:30", 1);
	log_init(&log);
	log_own(&log);
	setenv("TZ", "UTC0", 1);
	log_encode(&log, &record, day_ns, getpid() + 1, line);
	assert_memory_equal(line, "1970-01-01 19:30:00.000", 23);
	log_encode(&log, &record, day_ns, getpid(), line);
	assert_memory_equal(line, "1970-01-02 00:00:00.000", 23);
}

static void local_time_follows_the_zone_and_its_changes(void **state)
{
	/* Summer time ends in Berlin on 2026-10-25 at 01:00 UTC. */
	static const int64_t end_ns = INT64_C(1792890000) * NS_PER_SEC;
	struct log_record record = { .message = "x" };
	struct log log;
	char line[LOG_LINE_MAX];

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	log_init(&log);
	log_encode(&log, &record, end_ns - 1, 1, line);
	assert_memory_equal(line, "2026-10-25 02:59:59.999", 23);
	log_encode(&log, &record, end_ns, 1, line);
	assert_memory_equal(line, "2026-10-25 02:00:00.000", 23);
	setenv("TZ", "XXX4:30", 1);
	log_init(&log);
	log_encode(&log, &record, INT64_C(1709179200) * NS_PER_SEC, 1, line);
	assert_memory_equal(line, "2024-02-28 23:30:00.000", 23);
	log_encode(&log, &record, INT64_C(1709179200) * NS_PER_SEC + 1800 * NS_PER_SEC, 1, line);
	assert_memory_equal(line, "2024-02-29 00:00:00.000", 23);
	setenv("TZ", "UTC0", 1);
}

/* A batch remembers the second last written. */
static void lines_of_a_batch_read_as_others_do(void **state)
{
	static const int64_t steps_ns[] = { 0, 1, 2 * NS_PER_MS, NS_PER_SEC, -NS_PER_SEC, 86400 * NS_PER_SEC, 0 };
	static struct log_batch batch;
	struct log_record alone = { .message = "x" }, batched = { .message = "x", .batch = &batch };
	struct log log;
	char expected[LOG_LINE_MAX], line[LOG_LINE_MAX];

	(void)state;
	log_init(&log);
	for (size_t i = 0; i < 2 * sizeof steps_ns / sizeof steps_ns[0]; i++) {
		int64_t then_ns = THEN_NS + steps_ns[i / 2];
		size_t size;

		log.format = i % 2 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
		size = log_encode(&log, &alone, then_ns, 1132, expected);
		assert_int_equal(log_encode(&log, &batched, then_ns, 1132, line), size);
		assert_memory_equal(line, expected, size);
	}
}

static void foreign_bytes_cannot_end_a_line_or_a_quote(void **state)
{
	(void)state;
	assert_string_equal(
		strstr(encode(LOG_FORMAT_TEXT, RECORD("a\r\n\033[31mb\x7f \xff", LOG_TEXT("k", "q\"a\\b\n"))),
			"calc: "),
		"calc: a\\x0d\\x0a\\x1b[31mb\\x7f \\xff k=\"q\\x22a\\x5cb\\x0a\"\n");
	assert_string_equal(strstr(encode(LOG_FORMAT_JSON, RECORD("a\n\033\xff\xc3", LOG_TEXT("k", "\"\\"))), "a\\u"),
		"a\\u000a\\u001b\xef\xbf\xbd\xef\xbf\xbd\",\"k\":\"\\u0022\\u005c\"}\n");
}

static void readable_utf8_stays_and_invisible_characters_do_not(void **state)
{
	(void)state;
	assert_non_null(strstr(encode(LOG_FORMAT_TEXT, RECORD("gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\xa3",
							       LOG_TEXT("k", "v"))),
		": gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\xa3 k=v\n"));
	/* a C1 control, a line separator, a right-to-left override */
	assert_non_null(
		strstr(encode(LOG_FORMAT_TEXT, RECORD("\xc2\x9b|\xe2\x80\xa8|\xe2\x80\xae", LOG_TEXT("k", "v"))),
			": \\xc2\\x9b|\\xe2\\x80\\xa8|\\xe2\\x80\\xae k=v\n"));
	assert_non_null(strstr(
		encode(LOG_FORMAT_JSON, RECORD("\xc2\x9b|\xe2\x80\xae", LOG_TEXT("k", "v"))), "\"\\u009b|\\u202e\""));
	/* overlong, surrogate, beyond the last character */
	assert_non_null(
		strstr(encode(LOG_FORMAT_TEXT, RECORD("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", LOG_TEXT("k", "v"))),
			": \\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80 k=v\n"));
}

static void a_long_message_is_cut_and_its_fields_stay(void **state)
{
	char message[10000];
	const char *line;

	(void)state;
	memset(message, 'm', sizeof message - 1);
	message[sizeof message - 1] = '\0';
	line = encode(LOG_FORMAT_TEXT, RECORD(message, LOG_TEXT("peer", "127.0.0.1:5000")));
	assert_non_null(strstr(line, "mmm peer=127.0.0.1:5000 [cut]\n"));
	line = encode(LOG_FORMAT_JSON, RECORD(message, LOG_TEXT("peer", "127.0.0.1:5000")));
	assert_non_null(strstr(line, "mmm\",\"peer\":\"127.0.0.1:5000\",\"cut\":true}\n"));
}

/* Every length of a value around the end of a line, of every sort of byte: the checker is Python's, and strict. */
static void cut_json_lines_are_still_json(void **state)
{
	static const char *const units[] = { "x", "\n", "\xff", "\xe2\x82\xac", "\"", "\xf0\x9f\x90\xa3" };
	static const char check[] = "/usr/bin/python3 -c '"
				    "import json, sys\n"
				    "lines = open(sys.argv[1], encoding=\"utf-8\", errors=\"strict\").readlines()\n"
				    "assert all(json.loads(l)[\"message\"] == \"m\" for l in lines)\n"
				    "assert 0 < sum(\"cut\" in json.loads(l) for l in lines) < len(lines)\n"
				    "' %s";
	char path[] = "/tmp/brood-log-json-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	char value[8192], command[1024];

	(void)state;
	for (size_t unit = 0; unit < sizeof units / sizeof units[0]; unit++) {
		size_t size = strlen(units[unit]);
		size_t count = unit == 0 || size > 1 ? 3900 / size : 600;

		for (size_t extra = 0; extra < 100; extra++) {
			char *at = value;

			for (size_t i = 0; i < count + extra; i++, at += size)
				memcpy(at, units[unit], size);
			*at = '\0';
			fputs(encode(LOG_FORMAT_JSON, RECORD("m", LOG_TEXT("value", value), LOG_INT("n", -1),
							      LOG_TEXT("last", "end"))),
				file);
		}
	}
	fclose(file);
	snprintf(command, sizeof command, check, path);
	assert_int_equal(system(command), 0);
	unlink(path);
}

static void levels_have_names_both_ways(void **state)
{
	enum brood_level level = BROOD_DEBUG;

	(void)state;
	assert_int_equal(log_level_parse("warn", &level), 0);
	assert_int_equal(level, BROOD_WARN);
	assert_int_equal(log_level_parse("Warning", &level), -EINVAL);
	assert_int_equal(level, BROOD_WARN);
	assert_string_equal(log_level_name(BROOD_ERROR), "error");
	assert_string_equal(log_level_name((enum brood_level)77), "debug");
}

static int use_utc(void **state)
{
	(void)state;
	return setenv("TZ", "UTC0", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_line_reads_as_documented),
		cmocka_unit_test(json_line_reads_as_documented),
		cmocka_unit_test(supervisor_lines_have_no_service),
		cmocka_unit_test(a_forked_process_lives_with_the_zone_it_knows),
		cmocka_unit_test(local_time_follows_the_zone_and_its_changes),
		cmocka_unit_test(lines_of_a_batch_read_as_others_do),
		cmocka_unit_test(foreign_bytes_cannot_end_a_line_or_a_quote),
		cmocka_unit_test(readable_utf8_stays_and_invisible_characters_do_not),
		cmocka_unit_test(a_long_message_is_cut_and_its_fields_stay),
		cmocka_unit_test(cut_json_lines_are_still_json),
		cmocka_unit_test(levels_have_names_both_ways),
	};

	return cmocka_run_group_tests_name("log encoding", tests, use_utc, NULL);
}
