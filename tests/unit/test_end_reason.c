/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/end_reason.h"

static void names_are_unique_words_in_kebab_case(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < END_REASONS; i++) {
		const char *name = end_reason_name(i);

		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(name, end_reason_name(j));
	}
}

static void every_row_has_a_sentence_without_full_stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < END_REASONS; i++) {
		const char *sentence = end_reason_sentence(i);

		assert_true(strlen(sentence) > 5);
		assert_int_not_equal(sentence[strlen(sentence) - 1], '.');
	}
}

static void rows_say_what_the_table_says(void **state)
{
	(void)state;
	assert_string_equal(end_reason_name(END_NONE), "running");
	assert_int_equal(END_NONE, 0);
	assert_string_equal(end_reason_name(END_IDLE_TIMEOUT), "idle-timeout");
	assert_int_equal(end_reason_kind(END_IDLE_TIMEOUT), END_KIND_CLIENT);
	assert_int_equal(end_reason_kind(END_FINISHED), END_KIND_OK);
	assert_int_equal(end_reason_kind(END_REFUSED_BY_VERIFY), END_KIND_REFUSED);
}

static void numbers_without_a_row_are_unknown(void **state)
{
	(void)state;
	assert_string_equal(end_reason_name(END_REASONS), "unknown");
	assert_string_equal(end_reason_name(UINT32_MAX), "unknown");
	assert_string_equal(end_reason_sentence(UINT32_MAX), end_reason_sentence(END_UNKNOWN));
	assert_int_equal(end_reason_kind(12345678), END_KIND_SERVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique_words_in_kebab_case),
		cmocka_unit_test(every_row_has_a_sentence_without_full_stop),
		cmocka_unit_test(rows_say_what_the_table_says),
		cmocka_unit_test(numbers_without_a_row_are_unknown),
	};

	return cmocka_run_group_tests_name("end reasons", tests, NULL, NULL);
}
