/* SPDX-License-Identifier: MIT */
/* Claims about showing bytes as Python does; the expected texts come from Python's own repr(bytes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "handler/repr.h"

static void assert_shown(const char *data, size_t size, const char *expected)
{
	char text[1024];

	assert_int_equal(repr_bytes(data, size, text), strlen(expected));
	assert_string_equal(text, expected);
}

static void printable_bytes_are_shown_as_they_are(void **state)
{
	(void)state;
	assert_shown("", 0, "b''");
	assert_shown("Hello, ~!", 9, "b'Hello, ~!'");
}

static void quotes_are_chosen_to_avoid_backslashes(void **state)
{
	(void)state;
	assert_shown("it's", 4, "b\"it's\"");
	assert_shown("\"x\"", 3, "b'\"x\"'");
	assert_shown("'\"", 2, "b'\\'\"'");
}

static void control_bytes_are_escaped(void **state)
{
	(void)state;
	assert_shown("a\tb\nc\rd\\e", 9, "b'a\\tb\\nc\\rd\\\\e'");
	assert_shown("\0\a\b\v\f\033\177\200\377", 9, "b'\\x00\\x07\\x08\\x0b\\x0c\\x1b\\x7f\\x80\\xff'");
}

static void the_worst_case_fills_the_room_exactly(void **state)
{
	char data[100], text[REPR_SIZE(sizeof data)];

	(void)state;
	memset(data, 0xff, sizeof data);
	assert_int_equal(repr_bytes(data, sizeof data, text), sizeof text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_bytes_are_shown_as_they_are),
		cmocka_unit_test(quotes_are_chosen_to_avoid_backslashes),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(the_worst_case_fills_the_room_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
