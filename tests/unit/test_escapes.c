/* SPDX-License-Identifier: MIT */
/* Claims about escapes: each of them, every byte, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/escapes.h"

#define UNTOUCHED 4711

static void assert_decoded(const char *text, const char *bytes, size_t size)
{
	struct sentence why = { "" };
	size_t got = UNTOUCHED;
	char decoded[64];

	assert_true(strlen(text) <= sizeof decoded);
	assert_int_equal(escapes_decode(text, decoded, &got, &why), 0);
	assert_int_equal(got, size);
	assert_memory_equal(decoded, bytes, size);
}

static void text_stands_for_itself(void **state)
{
	(void)state;
	assert_decoded("", "", 0);
	assert_decoded("busy, \"try\" later; 100%", "busy, \"try\" later; 100%", 23);
}

static void each_escape_is_one_byte(void **state)
{
	(void)state;
	assert_decoded("500 sorry\\r\\n", "500 sorry\r\n", 11);
	assert_decoded("\\t\\\\\\n", "\t\\\n", 3);
	assert_decoded("\\\\n", "\\n", 2);
	assert_decoded("\\x41b", "Ab", 2);
}

#define ASSERT_DECODED(text, bytes) assert_decoded(text, bytes, sizeof(bytes) - 1)

static void every_letter_of_c_is_known(void **state)
{
	(void)state;
	ASSERT_DECODED("\\a\\b\\e\\f\\n\\r\\t\\v", "\a\b\033\f\n\r\t\v");
	ASSERT_DECODED("\\\\ \\' \\\" \\?", "\\ ' \" ?");
}

static void octal_takes_three_digits_at_most(void **state)
{
	(void)state;
	ASSERT_DECODED("\\0", "\0");
	ASSERT_DECODED("\\1018", "A8");
	ASSERT_DECODED("\\0001", "\0001");
	ASSERT_DECODED("\\377", "\377");
	ASSERT_DECODED("\\78", "\a8");
}

static void hexadecimal_takes_two_digits_at_most(void **state)
{
	(void)state;
	ASSERT_DECODED("\\x41B", "AB");
	ASSERT_DECODED("\\xAg", "\ng");
	ASSERT_DECODED("\\xfF", "\377");
}

static void two_digits_are_any_byte(void **state)
{
	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		char text[8], wanted = (char)byte;

		snprintf(text, sizeof text, "\\x%02x", byte);
		assert_decoded(text, &wanted, 1);
		snprintf(text, sizeof text, "\\x%02X", byte);
		assert_decoded(text, &wanted, 1);
	}
	assert_decoded("\\x00", "\0", 1);
}

static void what_is_no_escape_is_refused_and_named(void **state)
{
	static const char *const wrong[] = { "\\", "a\\", "\\q", "\\x", "\\xg0", "\\8", "\\400", "\\N", "\\ n" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct sentence why = { "" };
		size_t size = UNTOUCHED;
		char decoded[8];

		assert_int_equal(escapes_decode(wrong[i], decoded, &size, &why), -EINVAL);
		assert_int_equal(size, UNTOUCHED);
		assert_non_null(strstr(why.text, strchr(wrong[i], '\\')));
	}
}

static void what_was_encoded_is_printable_and_decodes_to_itself(void **state)
{
	char bytes[256], decoded[1024 + 1], memory[1024 + 1];
	size_t size = UNTOUCHED;
	struct buf text;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	buf_init(&text, memory, sizeof memory);
	escapes_encode(&text, bytes, sizeof bytes);
	assert_false(text.truncated);
	for (size_t i = 0; i < text.size; i++)
		assert_in_range(memory[i], ' ', '~');
	assert_int_equal(escapes_decode(memory, decoded, &size, NULL), 0);
	assert_int_equal(size, sizeof bytes);
	assert_memory_equal(decoded, bytes, size);

	buf_reset(&text);
	escapes_encode(&text, "busy\r\n\t\\", 8);
	assert_string_equal(memory, "busy\\r\\n\\t\\\\");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_stands_for_itself),
		cmocka_unit_test(each_escape_is_one_byte),
		cmocka_unit_test(every_letter_of_c_is_known),
		cmocka_unit_test(octal_takes_three_digits_at_most),
		cmocka_unit_test(hexadecimal_takes_two_digits_at_most),
		cmocka_unit_test(two_digits_are_any_byte),
		cmocka_unit_test(what_is_no_escape_is_refused_and_named),
		cmocka_unit_test(what_was_encoded_is_printable_and_decodes_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
