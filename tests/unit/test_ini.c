/* SPDX-License-Identifier: MIT */
/* Claims about the configuration file's grammar: entries with their lines, tolerance, and every error with its
 * line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/ini.h"

static char seen[65536]; /* one "line:section/name:key=value;" for each entry */
static struct ini ini;

static int record(void *arg, const struct ini_entry *entry, struct sentence *why)
{
	size_t size = strlen(seen);

	(void)arg;
	if (entry->key && strcmp(entry->key, "forbidden") == 0)
		return sentence_set(why, -EPERM, "no");
	snprintf(seen + size, sizeof seen - size, "%u:%s/%s:%s=%s;", entry->line, entry->section, entry->name,
		entry->key ? entry->key : "", entry->value ? entry->value : "");
	return 0;
}

static int parse(const char *data, size_t size, size_t piece, struct sentence *why)
{
	int r = 0;

	seen[0] = '\0';
	ini_begin(&ini, record, NULL);
	for (size_t at = 0; at < size && r == 0; at += piece)
		r = ini_feed(&ini, data + at, size - at < piece ? size - at : piece, why);
	return r == 0 ? ini_end(&ini, why) : r;
}

static void assert_entries(const char *text, const char *expected)
{
	struct sentence why = { "" };

	for (size_t piece = 1; piece <= strlen(text); piece++) {
		if (parse(text, strlen(text), piece, &why) != 0)
			fail_msg("%s: line %u: %s", text, ini.line, why.text);
		assert_string_equal(seen, expected);
	}
}

static void assert_refused(const char *text, unsigned int line, const char *part)
{
	struct sentence why = { "" };

	assert_int_equal(parse(text, strlen(text), 7, &why), -EINVAL);
	assert_int_equal(ini.line, line);
	if (!strstr(why.text, part))
		fail_msg("%s: '%s' lacks '%s'", text, why.text, part);
}

static void sections_and_keys_come_with_their_lines(void **state)
{
	(void)state;
	assert_entries("[brood]\na = 1\n\n[service calc]\nlisten=tcp://:1\n",
		"1:brood/:=;2:brood/:a=1;4:service/calc:=;5:service/calc:listen=tcp://:1;");
}

static void blanks_are_cut_and_comments_begin_lines(void **state)
{
	(void)state;
	assert_entries("# x\n ; y\n\t[ service \t x ] \n  key\t=  a # b ; c = 'd'  \n",
		"3:service/x:=;4:service/x:key=a # b ; c = 'd';");
}

static void crlf_a_byte_order_mark_and_a_missing_last_newline_are_tolerated(void **state)
{
	(void)state;
	assert_entries("\xef\xbb\xbf[brood]\r\na=1\r\n\r\nb=2", "1:brood/:=;2:brood/:a=1;4:brood/:b=2;");
	assert_entries("\xef\xbb\xbf# only a comment", "");
}

static void a_wrong_line_is_named(void **state)
{
	(void)state;
	assert_refused("\na = 1\n", 2, "before the first section");
	assert_refused("[brood]\nabc\n", 2, "'abc' is neither a section nor a key");
	assert_refused("[brood]\n\n= 1", 3, "is no key");
	assert_refused("[brood]\na b = 1", 2, "'a b' is no key");
	assert_refused("[brood]\na =\n", 2, "'a' has no value");
	assert_refused("[brood\n", 1, "is not closed");
	assert_refused("[]\n", 1, "is no section");
	assert_refused("[a b c]\n", 1, "is no section");
	assert_refused("[a/b]\n", 1, "is no section");
	assert_refused("[brood] # why\n", 1, "on a line of its own");
	assert_refused("[brood]\na = \x01\n", 2, "(0x01) in column 5");
	assert_refused("[brood]\na = b\rc\n", 2, "(0x0d)");
	assert_refused("\xef\xbb\xbf\xef\xbb\xbf[brood]\n", 1, "neither");
}

static void a_nul_byte_is_an_error(void **state)
{
	struct sentence why;

	(void)state;
	assert_int_equal(parse("[brood]\na\0 = 1\n", 15, 100, &why), -EINVAL);
	assert_int_equal(ini.line, 2);
	assert_non_null(strstr(why.text, "0x00"));
}

static void the_callback_ends_the_parsing_for_good(void **state)
{
	struct sentence why;

	(void)state;
	assert_int_equal(parse("[brood]\nforbidden = 1\na = 1\n", 28, 100, &why), -EPERM);
	assert_int_equal(ini.line, 2);
	assert_string_equal(seen, "1:brood/:=;");
	assert_int_equal(ini_feed(&ini, "b = 1\n", 6, &why), -EPERM);
	assert_string_equal(seen, "1:brood/:=;");
}

/* A value that makes a line of exactly size bytes, then end. */
static int parse_line_of(size_t size, const char *end, struct sentence *why)
{
	static char text[INI_LINE_MAX + 64];
	size_t head = (size_t)sprintf(text, "[brood]\nk=");

	memset(text + head, 'v', size - 2);
	strcpy(text + head + size - 2, end);
	return parse(text, strlen(text), 1000, why);
}

static void a_line_has_a_limit(void **state)
{
	static const char *const ends[] = { "", "\n", "\r\n" };
	struct sentence why;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(parse_line_of(INI_LINE_MAX, ends[i], &why), 0);
		assert_int_equal(parse_line_of(INI_LINE_MAX + 1, ends[i], &why), -E2BIG);
		assert_int_equal(ini.line, 2);
		assert_int_equal(parse_line_of(INI_LINE_MAX + 2, ends[i], &why), -E2BIG);
		assert_non_null(strstr(why.text, "longer than 4096 bytes"));
	}
}

static void names_have_a_limit(void **state)
{
	char name[INI_NAME_MAX + 2];
	char text[3 * INI_NAME_MAX];

	(void)state;
	memset(name, 'n', INI_NAME_MAX + 1);
	name[INI_NAME_MAX + 1] = '\0';
	assert_false(ini_is_name(name));
	snprintf(text, sizeof text, "[service %s]\n", name);
	assert_int_equal(parse(text, strlen(text), 100, NULL), -E2BIG);
	snprintf(text, sizeof text, "[brood]\n%s=1\n", name);
	assert_int_equal(parse(text, strlen(text), 100, NULL), -E2BIG);

	name[INI_NAME_MAX] = '\0';
	assert_true(ini_is_name(name));
	snprintf(text, sizeof text, "[service %s]\n", name);
	assert_int_equal(parse(text, strlen(text), 100, NULL), 0);
	assert_false(ini_is_name(""));
	assert_false(ini_is_name("a b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_keys_come_with_their_lines),
		cmocka_unit_test(blanks_are_cut_and_comments_begin_lines),
		cmocka_unit_test(crlf_a_byte_order_mark_and_a_missing_last_newline_are_tolerated),
		cmocka_unit_test(a_wrong_line_is_named),
		cmocka_unit_test(a_nul_byte_is_an_error),
		cmocka_unit_test(the_callback_ends_the_parsing_for_good),
		cmocka_unit_test(a_line_has_a_limit),
		cmocka_unit_test(names_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
