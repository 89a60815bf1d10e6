/* SPDX-License-Identifier: MIT */
/* JSON made piece by piece. That parsers take it is for tests/scenario/test_ctl.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/json.h"

static void commas_stand_between_and_nowhere_else(void **state)
{
	char memory[256];
	struct buf buf;
	struct json json = { .buf = &buf };

	(void)state;
	buf_init(&buf, memory, sizeof memory);
	json_open(&json, NULL, '{');
	json_u(&json, "a", 1);
	json_open(&json, "b", '[');
	json_close(&json, ']');
	json_open(&json, "c", '[');
	json_i(&json, NULL, -1);
	json_open(&json, NULL, '{');
	json_close(&json, '}');
	json_null(&json, NULL);
	json_close(&json, ']');
	json_bool(&json, "d", true);
	json_tenths(&json, "e", 105);
	json_text(&json, "f", NULL);
	json_close(&json, '}');
	assert_string_equal(memory, "{\"a\":1,\"b\":[],\"c\":[-1,{},null],\"d\":true,\"e\":10.5,\"f\":null}");
}

static void a_buffer_emptied_between_two_pieces_changes_nothing(void **state)
{
	char memory[64];
	struct buf buf;
	struct json json = { .buf = &buf };

	(void)state;
	buf_init(&buf, memory, sizeof memory);
	json_open(&json, NULL, '[');
	json_u(&json, NULL, 1);
	buf_reset(&buf);
	json_u(&json, NULL, 2);
	assert_string_equal(memory, ",2");
}

static void foreign_text_stays_inside_of_its_quotes(void **state)
{
	char memory[256];
	struct buf buf;
	struct json json = { .buf = &buf };

	(void)state;
	buf_init(&buf, memory, sizeof memory);
	json_text(&json, NULL, "\"},\n\\\x01\xff");
	assert_string_equal(memory, "\"\\u0022},\\u000a\\u005c\\u0001\xef\xbf\xbd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between_and_nowhere_else),
		cmocka_unit_test(a_buffer_emptied_between_two_pieces_changes_nothing),
		cmocka_unit_test(foreign_text_stays_inside_of_its_quotes),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
