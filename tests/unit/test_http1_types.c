/* SPDX-License-Identifier: MIT */
/* Claims about media types: by extension, and the grammar of a line of mime.types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/http1_types.h"

static void a_type_goes_by_the_last_extension(void **state)
{
	(void)state;
	assert_string_equal(http1_types_of("index.html"), "text/html");
	assert_string_equal(http1_types_of("/srv/www/index.html"), "text/html");
	assert_string_equal(http1_types_of("a.tar.gz"), "application/gzip");
	assert_string_equal(http1_types_of("a.html.txt"), "text/plain");
	assert_string_equal(
		http1_types_of("a.docx"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
	assert_string_equal(http1_types_of("site.webmanifest"), "application/manifest+json");
}

static void capitals_make_no_difference(void **state)
{
	(void)state;
	assert_string_equal(http1_types_of("INDEX.HTML"), "text/html");
	assert_string_equal(http1_types_of("a.Jpg"), "image/jpeg");
}

static void what_nobody_knows_is_bytes(void **state)
{
	static const char *const unknown[] = { "", "/", "README", "a.", "a.unknown", ".html", "dir.html/a",
		"dir.html/", "a.htmlx", "a.htm l", "html", "..", "." };

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_string_equal(http1_types_of(unknown[i]), "application/octet-stream");
}

static void an_extension_is_behind_the_last_dot_of_the_name(void **state)
{
	(void)state;
	assert_string_equal(http1_types_extension("a.tar.gz"), "gz");
	assert_string_equal(http1_types_extension("pub/a.B"), "B");
	assert_string_equal(http1_types_extension(".profile"), "");
	assert_string_equal(http1_types_extension(".profile.md"), "md");
	assert_string_equal(http1_types_extension("a.d/b"), "");
	assert_string_equal(http1_types_extension("a."), "");
}

/* What was told of one line: "type:extension type:extension ". */
struct told {
	char text[256];
	int answer; /* to the caller, after so many */
	int after;
};

static int tell(void *arg, const char *type, size_t type_size, const char *extension, size_t extension_size)
{
	struct told *told = arg;
	size_t used = strlen(told->text);

	snprintf(told->text + used, sizeof told->text - used, "%.*s:%.*s ", (int)type_size, type, (int)extension_size,
		extension);
	return --told->after == 0 ? told->answer : 0;
}

static void assert_told(const char *line, int wanted, const char *text)
{
	struct told told = { .after = 0 };

	assert_int_equal(http1_types_line(line, strlen(line), tell, &told), wanted);
	assert_string_equal(told.text, text);
}

static void a_line_is_a_type_and_its_extensions(void **state)
{
	(void)state;
	assert_told("text/html\t\t\thtml htm\n", 0, "text/html:html text/html:htm ");
	assert_told("image/svg+xml svg", 0, "image/svg+xml:svg ");
	assert_told("  text/x-c++src c++ C\r\n", 0, "text/x-c++src:c++ text/x-c++src:C ");
	assert_told("application/andrew-inset\tez # old", 0, "application/andrew-inset:ez ");
}

static void a_line_may_have_nothing_to_tell(void **state)
{
	(void)state;
	assert_told("", 0, "");
	assert_told(" \t\r\n", 0, "");
	assert_told("# text/html html", 0, "");
	assert_told("  # text/html html", 0, "");
	assert_told("audio/opus", 0, "");
	assert_told("audio/opus # opus", 0, "");
}

static void a_type_is_safe_in_a_field(void **state)
{
	static const char *const wrong[] = { "html html", "text/ html", "/html html", "text//html html",
		"text/html/x html", "text/html; html", "te(xt/html html", "text/h\x80tml html", "text/html\x01 html",
		"text/html ht\x01ml", "text/html html \x7f" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_told(wrong[i], -EINVAL, "");
}

static void who_is_told_may_stop(void **state)
{
	static const char line[] = "text/html html htm xhtm";
	struct told told = { .answer = -ENOSPC, .after = 2 };

	(void)state;
	assert_int_equal(http1_types_line(line, strlen(line), tell, &told), -ENOSPC);
	assert_string_equal(told.text, "text/html:html text/html:htm ");
}

static void nothing_behind_the_end_is_looked_at(void **state)
{
	struct told told = { .after = 0 };

	(void)state;
	assert_int_equal(http1_types_line("text/html html htm", 12, tell, &told), 0);
	assert_string_equal(told.text, "text/html:ht ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_goes_by_the_last_extension),
		cmocka_unit_test(capitals_make_no_difference),
		cmocka_unit_test(what_nobody_knows_is_bytes),
		cmocka_unit_test(an_extension_is_behind_the_last_dot_of_the_name),
		cmocka_unit_test(a_line_is_a_type_and_its_extensions),
		cmocka_unit_test(a_line_may_have_nothing_to_tell),
		cmocka_unit_test(a_type_is_safe_in_a_field),
		cmocka_unit_test(who_is_told_may_stop),
		cmocka_unit_test(nothing_behind_the_end_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
