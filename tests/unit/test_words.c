/* SPDX-License-Identifier: MIT */
/* Claims about splitting a command: the quoting of POSIX shells, and none of their expansion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "protocol/words.h"

static struct words words;

/* expected: the words, each followed by '|'. */
static void assert_split(const char *text, const char *expected)
{
	char joined[WORDS_TEXT_MAX * 2] = "";
	struct sentence why = { "" };

	if (words_split(text, strlen(text), &words, &why) != 0)
		fail_msg("%s: %s", text, why.text);
	for (size_t i = 0; i < words.count; i++) {
		strcat(joined, words.word[i]);
		strcat(joined, "|");
	}
	assert_string_equal(joined, expected);
	assert_null(words.word[words.count]);
}

static void assert_refused(const char *text, const char *part)
{
	struct sentence why = { "" };

	assert_int_equal(words_split(text, strlen(text), &words, &why), -EINVAL);
	assert_non_null(strstr(why.text, part));
	assert_int_equal(words.count, 0);
	assert_null(words.word[0]);
}

static void blanks_separate_words(void **state)
{
	(void)state;
	assert_split("", "");
	assert_split(" \t\n", "");
	assert_split("a", "a|");
	assert_split("  tool --flag\tx\n", "tool|--flag|x|");
}

static void quotes_join_and_keep(void **state)
{
	(void)state;
	assert_split("'a b' \"c d\"", "a b|c d|");
	assert_split("a'b'\"c\"d", "abcd|");
	assert_split("'' \"\"", "||");
	assert_split("'a\\b' '\"'", "a\\b|\"|");
	assert_split("\"a\\\"b\\\\c\\$d\\`e\\fg'\"", "a\"b\\c$d`e\\fg'|");
}

static void a_backslash_takes_the_next_byte(void **state)
{
	(void)state;
	assert_split("a\\ b \\' \\\\", "a b|'|\\|");
}

static void an_escaped_newline_is_nothing(void **state)
{
	(void)state;
	assert_split("a \\\n b", "a|b|");
	assert_split("a\\\nb", "ab|");
	assert_split("\"a\\\nb\"", "ab|");
	assert_split("\\\n", "");
}

static void nothing_is_expanded(void **state)
{
	(void)state;
	assert_split("$HOME ~ *.c `id` $(id) a;b #c > d {x}", "$HOME|~|*.c|`id`|$(id)|a;b|#c|>|d|{x}|");
}

static void an_unfinished_quote_is_an_error(void **state)
{
	(void)state;
	assert_refused("a 'b", "a ' quote is not closed");
	assert_refused("a \"b", "a \" quote is not closed");
	assert_refused("a \"b\\", "a \" quote is not closed");
	assert_refused("a\\", "a backslash stands at the end");
}

static void limits_are_errors(void **state)
{
	char text[WORDS_TEXT_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(words_split(text, WORDS_TEXT_MAX, &words, NULL), 0);
	assert_int_equal(strlen(words.word[0]), WORDS_TEXT_MAX);
	assert_int_equal(words_split(text, sizeof text, &words, NULL), -E2BIG);

	for (size_t i = 1; i < sizeof text; i += 2)
		text[i] = ' ';
	assert_int_equal(words_split(text, 2 * WORDS_MAX, &words, NULL), 0);
	assert_int_equal(words.count, WORDS_MAX);
	assert_null(words.word[WORDS_MAX]);
	assert_int_equal(words_split(text, 2 * WORDS_MAX + 1, &words, NULL), -E2BIG);
	assert_int_equal(words_split("a\0b", 3, &words, NULL), -EINVAL);
}

static void a_quoted_word_is_split_into_itself(void **state)
{
	static const char *const all[] = { "plain", "/srv/www-1.0", "", "a b", "it's", "'", "''", "$HOME", "a\\b",
		"\"", "{x=y}", "\t", "~", "*", "\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char memory[64];
		struct buf text;

		buf_init(&text, memory, sizeof memory);
		words_quote(&text, all[i]);
		assert_int_equal(words_split(memory, text.size, &words, NULL), 0);
		assert_int_equal(words.count, 1);
		assert_string_equal(words.word[0], all[i]);
		assert_true((memory[0] == '\'') == (i >= 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate_words),
		cmocka_unit_test(quotes_join_and_keep),
		cmocka_unit_test(a_backslash_takes_the_next_byte),
		cmocka_unit_test(an_escaped_newline_is_nothing),
		cmocka_unit_test(nothing_is_expanded),
		cmocka_unit_test(an_unfinished_quote_is_an_error),
		cmocka_unit_test(limits_are_errors),
		cmocka_unit_test(a_quoted_word_is_split_into_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
