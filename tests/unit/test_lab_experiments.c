/* SPDX-License-Identifier: MIT */
/* The table of experiments holds together, and what the command line makes of its names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "lab/clients.h"
#include "lab/experiments.h"
#include "lab/options.h"
#include "lab/verdict.h"

#define TITLE_MAX 54 /* columns of the list */

/* A period behind which another one begins, or nothing. */
static size_t sentences(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += text[0] == '.' && (text[1] == ' ' || text[1] == '\0');
	return count;
}

static void check_row(const struct experiment *row)
{
	int clients = 0;

	for (size_t i = 0; i < EXPERIMENT_WAVES; i++)
		clients += row->waves[i].count;
	assert_in_range(clients, 1, CLIENTS_MAX);
	assert_in_range(strlen(row->title), 1, TITLE_MAX);
	assert_in_range(verdict_symptoms(row), 1, EXPERIMENT_SYMPTOMS);
	assert_in_range(row->watch_ms, 500, 8000);
	assert_in_range(row->settle_ms, 1, row->watch_ms);
	assert_non_null(row->load);
	assert_int_equal(sentences(row->why), 2);
	assert_non_null(row->brood[0]);
	assert_non_null(row->cure_file);
	assert_non_null(row->cure_function);
	for (size_t i = 0; i < verdict_symptoms(row); i++)
		assert_true(row->symptoms[i].clean_until < row->symptoms[i].seen_from);
}

static void every_row_is_complete(void **state)
{
	size_t count = 0;

	(void)state;
	for (; experiments_get(count); count++)
		check_row(experiments_get(count));
	assert_int_equal(count, 21);
}

static void every_name_is_found_and_leads_to_one_row(void **state)
{
	(void)state;
	for (size_t i = 0; experiments_get(i); i++)
		assert_ptr_equal(experiments_find(experiments_get(i)->name), experiments_get(i));
	assert_null(experiments_find("nobody"));
}

static int read_words(struct options *options, struct sentence *why, char *first, char *second)
{
	char *words[] = { first, second, NULL };

	return options_read(words, options, why);
}

static void options_stand_before_or_behind_the_name(void **state)
{
	struct options options;
	struct sentence why;

	(void)state;
	assert_int_equal(read_words(&options, &why, "--json", "3f"), 0);
	assert_true(options.json);
	assert_string_equal(options.experiment->name, "3f");
	assert_int_equal(read_words(&options, &why, "3f", "--json"), 0);
	assert_true(options.json);
	assert_string_equal(options.experiment->name, "3f");
}

static void a_wrong_name_is_told_the_nearest(void **state)
{
	struct options options;
	struct sentence why;

	(void)state;
	assert_int_equal(read_words(&options, &why, "stolen-chidl", NULL), EX_USAGE);
	assert_string_equal(why.text, "brood lab has no 'stolen-chidl', did you mean stolen-child?");
	assert_int_equal(read_words(&options, &why, "--jsno", NULL), EX_USAGE);
	assert_string_equal(why.text, "unknown option --jsno, did you mean --json?");
}

static void two_names_are_one_too_many(void **state)
{
	struct options options;
	struct sentence why;

	(void)state;
	assert_int_equal(read_words(&options, &why, "3a", "3b"), EX_USAGE);
	assert_int_equal(read_words(&options, &why, "all", "3b"), EX_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(every_name_is_found_and_leads_to_one_row),
		cmocka_unit_test(options_stand_before_or_behind_the_name),
		cmocka_unit_test(a_wrong_name_is_told_the_nearest),
		cmocka_unit_test(two_names_are_one_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
