/* SPDX-License-Identifier: MIT */
/* What the laboratory hears of a server's output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab/speech.h"

static struct speech speech;

static void hear(const char *text)
{
	speech_hear(&speech, text, strlen(text));
}

static int begin(void **state)
{
	(void)state;
	speech_init(&speech);
	return 0;
}

static void the_port_is_found_wherever_the_output_is_cut(void **state)
{
	(void)state;
	hear("listening on tcp://127.0.");
	hear("0.1:4711");
	assert_int_equal(speech.port, 0);
	hear("\n");
	assert_int_equal(speech.port, 4711);
}

static void the_port_is_found_in_a_line_of_a_log(void **state)
{
	(void)state;
	hear("2026-01-01 [INFO] hello: listening on tcp://127.0.0.1:81, one of many\n");
	assert_int_equal(speech.port, 81);
}

static void the_last_line_is_the_last_complete_one_that_is_not_empty(void **state)
{
	(void)state;
	hear("one\ntwo\n\n\nthr");
	assert_string_equal(speech.last, "two");
	assert_int_equal(speech.lines, 2);
}

static void a_line_that_comes_again_is_counted_each_time(void **state)
{
	(void)state;
	hear("a\nb\na\na\nc\n");
	assert_int_equal(speech.twice, 2);
}

static void what_does_not_print_reaches_no_terminal(void **state)
{
	(void)state;
	hear("\033[2Jboo\r\n");
	assert_string_equal(speech.last, "?[2Jboo");
}

static void a_line_without_end_is_cut(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		hear("0123456789");
	hear("\n");
	assert_int_equal(strlen(speech.last), SPEECH_LINE - 1);
}

static void more_lines_than_are_remembered_do_no_harm(void **state)
{
	char line[32];

	(void)state;
	for (int i = 0; i < SPEECH_LINES_MAX + 100; i++) {
		snprintf(line, sizeof line, "line %d\n", i);
		hear(line);
	}
	assert_int_equal(speech.twice, 0);
	hear("line 0\n");
	assert_int_equal(speech.twice, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_port_is_found_wherever_the_output_is_cut, begin),
		cmocka_unit_test_setup(the_port_is_found_in_a_line_of_a_log, begin),
		cmocka_unit_test_setup(the_last_line_is_the_last_complete_one_that_is_not_empty, begin),
		cmocka_unit_test_setup(a_line_that_comes_again_is_counted_each_time, begin),
		cmocka_unit_test_setup(what_does_not_print_reaches_no_terminal, begin),
		cmocka_unit_test_setup(a_line_without_end_is_cut, begin),
		cmocka_unit_test_setup(more_lines_than_are_remembered_do_no_harm, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
