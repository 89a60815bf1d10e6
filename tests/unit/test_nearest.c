/* SPDX-License-Identifier: MIT */
/* Claims about nearest spellings: what counts as a slip of the finger, and what as another word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "protocol/nearest.h"

static const char *find(const char *word)
{
	static const char *const names[] = { "listen", "model", "workers", "threads", "idle-timeout", "log-level",
		"log-file", "write-timeout" };
	struct nearest nearest;

	nearest_begin(&nearest, word);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		nearest_offer(&nearest, names[i]);
	return nearest_found(&nearest);
}

static void each_edit_counts_once(void **state)
{
	(void)state;
	assert_int_equal(nearest_edits("", ""), 0);
	assert_int_equal(nearest_edits("fork", "fork"), 0);
	assert_int_equal(nearest_edits("fork", "for"), 1);
	assert_int_equal(nearest_edits("fork", "forks"), 1);
	assert_int_equal(nearest_edits("fork", "fort"), 1);
	assert_int_equal(nearest_edits("fork", "frok"), 1);
	assert_int_equal(nearest_edits("abcd", "badc"), 2);
	assert_int_equal(nearest_edits("", "abc"), 3);
	assert_int_equal(nearest_edits("kitten", "sitting"), 3);
}

static void distance_is_symmetric(void **state)
{
	(void)state;
	assert_int_equal(nearest_edits("workers", "wrokre"), nearest_edits("wrokre", "workers"));
}

static void a_slip_finds_its_name(void **state)
{
	(void)state;
	assert_string_equal(find("worker"), "workers");
	assert_string_equal(find("wrokers"), "workers");
	assert_string_equal(find("lisen"), "listen");
	assert_string_equal(find("idle_timeout"), "idle-timeout");
	assert_string_equal(find("loglevel"), "log-level");
}

static void a_beginning_finds_its_one_name(void **state)
{
	(void)state;
	assert_string_equal(find("idle"), "idle-timeout");
	assert_string_equal(find("wri"), "write-timeout");
	assert_null(find("log-"));
}

static void another_word_finds_nothing(void **state)
{
	(void)state;
	assert_null(find("banana"));
	assert_null(find("x"));
	assert_null(find(""));
}

static void a_word_beyond_the_limit_is_near_nothing(void **state)
{
	char word[10000];

	(void)state;
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	assert_null(find(word));
	assert_true(nearest_edits(word, "a") > NEAREST_WORD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_edit_counts_once),
		cmocka_unit_test(distance_is_symmetric),
		cmocka_unit_test(a_slip_finds_its_name),
		cmocka_unit_test(a_beginning_finds_its_one_name),
		cmocka_unit_test(another_word_finds_nothing),
		cmocka_unit_test(a_word_beyond_the_limit_is_near_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
