/* SPDX-License-Identifier: MIT */
/* When a mistake counts as seen, and when brood counts as free of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab/verdict.h"

static const struct experiment zombies = {
	.name = "zombies",
	.symptoms = { { FIGURE_ZOMBIES, 3, 1 }, { FIGURE_ENDED, 1, 0 } },
};

static struct stage_outcome outcome[STAGE_CASTS];
static struct verdict verdict;

/* As it should be. */
static int begin(void **state)
{
	(void)state;
	memset(outcome, 0, sizeof outcome);
	outcome[STAGE_FAULTY] = (struct stage_outcome){ .played = true };
	outcome[STAGE_FAULTY].figure[FIGURE_ZOMBIES] = 3;
	outcome[STAGE_FAULTY].figure[FIGURE_ENDED] = 1;
	outcome[STAGE_BROOD] = (struct stage_outcome){ .played = true };
	outcome[STAGE_BROOD].figure[FIGURE_ZOMBIES] = 1;
	return 0;
}

static void decide(bool seen, bool clean)
{
	verdict_find(&zombies, outcome, &verdict);
	assert_int_equal(verdict.seen, seen);
	assert_int_equal(verdict.clean, clean);
}

static void all_symptoms_seen_and_none_in_brood_is_what_is_wanted(void **state)
{
	(void)state;
	decide(true, true);
	assert_string_equal(
		verdict.about[STAGE_FAULTY].text, "The mistake was seen (zombies: 3; server ended by itself: yes).");
	assert_string_equal(
		verdict.about[STAGE_BROOD].text, "brood did not show it (zombies: 1; server ended by itself: no).");
}

static void one_symptom_of_two_is_not_seen(void **state)
{
	(void)state;
	outcome[STAGE_FAULTY].figure[FIGURE_ZOMBIES] = 2;
	decide(false, true);
	assert_non_null(strstr(verdict.about[STAGE_FAULTY].text, "zombies: 2, expected: 3 or more"));
}

static void one_symptom_of_two_is_enough_to_blame_brood(void **state)
{
	(void)state;
	outcome[STAGE_BROOD].figure[FIGURE_ZOMBIES] = 2;
	decide(true, false);
	assert_string_equal(verdict.about[STAGE_BROOD].text, "brood showed it (zombies: 2).");
}

static void brood_has_to_answer_everybody(void **state)
{
	(void)state;
	outcome[STAGE_BROOD].figure[FIGURE_UNANSWERED] = 1;
	decide(true, false);
}

static void brood_has_to_be_there_at_the_end(void **state)
{
	static const struct experiment mild = { .symptoms = { { FIGURE_ZOMBIES, 3, 1 } } };

	(void)state;
	outcome[STAGE_BROOD].figure[FIGURE_ENDED] = 1;
	verdict_find(&mild, outcome, &verdict);
	assert_true(verdict.seen);
	assert_false(verdict.clean);
}

static void who_did_not_play_has_shown_nothing(void **state)
{
	(void)state;
	outcome[STAGE_FAULTY].played = outcome[STAGE_BROOD].played = false;
	sentence_set(&outcome[STAGE_FAULTY].why, 1, "it was not there");
	decide(false, false);
	assert_non_null(strstr(verdict.about[STAGE_FAULTY].text, "it was not there"));
}

static void figures_are_written_in_their_units(void **state)
{
	char text[FIGURE_TEXT];

	(void)state;
	assert_string_equal(figure_text(FIGURE_ZOMBIES, 23, text), "23");
	assert_string_equal(figure_text(FIGURE_SLOWEST, 999, text), "999 ms");
	assert_string_equal(figure_text(FIGURE_SLOWEST, 1250, text), "1.2 s");
	assert_string_equal(figure_text(FIGURE_CPU, 100, text), "100 %");
	assert_string_equal(figure_text(FIGURE_WAKE_UPS, 180, text), "1.8");
	assert_string_equal(figure_text(FIGURE_ENDED, 1, text), "yes");
}

static void every_figure_has_a_name_and_a_label_that_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIGURE_COUNT; i++) {
		assert_non_null(figure_name((enum figure)i));
		assert_in_range(strlen(figure_label((enum figure)i)), 1, 24);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_symptoms_seen_and_none_in_brood_is_what_is_wanted, begin),
		cmocka_unit_test_setup(one_symptom_of_two_is_not_seen, begin),
		cmocka_unit_test_setup(one_symptom_of_two_is_enough_to_blame_brood, begin),
		cmocka_unit_test_setup(brood_has_to_answer_everybody, begin),
		cmocka_unit_test_setup(brood_has_to_be_there_at_the_end, begin),
		cmocka_unit_test_setup(who_did_not_play_has_shown_nothing, begin),
		cmocka_unit_test_setup(figures_are_written_in_their_units, begin),
		cmocka_unit_test_setup(every_figure_has_a_name_and_a_label_that_fits, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
