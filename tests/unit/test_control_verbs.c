/* SPDX-License-Identifier: MIT */
/* What is a request to a running brood, and what is said about one that is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "supervise/control/control_verbs.h"

#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })

static void every_verb_is_known_by_its_name(void **state)
{
	struct control_request request;

	(void)state;
	for (const struct control_verb *verb = control_verbs_table; verb->name; verb++) {
		char *name = (char *)(uintptr_t)verb->name;

		if (verb->least > 0)
			continue;
		assert_int_equal(control_verbs_parse(WORDS(name), &request, NULL), 0);
		assert_ptr_equal(request.verb, verb);
		assert_false(request.json);
		assert_null(request.word[0]);
		assert_true((verb->show != NULL) != (verb->obey != NULL));
	}
}

static void json_may_stand_anywhere(void **state)
{
	struct control_request request;

	(void)state;
	assert_int_equal(control_verbs_parse(WORDS("--json", "status", "calc"), &request, NULL), 0);
	assert_true(request.json);
	assert_string_equal(request.word[0], "calc");
	assert_int_equal(control_verbs_parse(WORDS("workers", "calc", "--json"), &request, NULL), 0);
	assert_true(request.json);
	assert_string_equal(request.word[0], "calc");
	assert_null(request.word[1]);
}

static void sizes_are_numbers_that_may_be_relative(void **state)
{
	struct control_request request;

	(void)state;
	assert_int_equal(control_verbs_parse(WORDS("resize", "calc", "4"), &request, NULL), 0);
	assert_int_equal(control_verbs_parse(WORDS("resize", "calc", "+4"), &request, NULL), 0);
	assert_int_equal(control_verbs_parse(WORDS("resize", "calc", "-4"), &request, NULL), 0);
}

static void assert_refused(char **words, const char *expected)
{
	struct control_request request = { .json = true };
	struct sentence why = { "" };

	assert_int_equal(control_verbs_parse(words, &request, &why), -EINVAL);
	if (!strstr(why.text, expected))
		fail_msg("'%s' is not in '%s'", expected, why.text);
	assert_null(request.verb);
}

static void what_is_wrong_gets_one_sentence(void **state)
{
	(void)state;
	assert_refused((char *[]){ NULL }, "which verb?");
	assert_refused(WORDS("stauts"), "did you mean 'status'?");
	assert_refused(WORDS("banana"), "unknown verb 'banana'");
	assert_refused(WORDS("status", "--jsn"), "unknown option --jsn");
	assert_refused(WORDS("reload", "now"), "reload takes no further words; what is 'now'?");
	assert_refused(WORDS("status", "a", "b"), "write status [SERVICE]");
	assert_refused(WORDS("status", "a", "b", "c", "d", "e"), "too many words");
	assert_refused(WORDS("resize"), "write resize SERVICE N");
	assert_refused(WORDS("resize", "calc"), "write resize SERVICE N");
	assert_refused(WORDS("resize", "calc", "many"), "no size");
	assert_refused(WORDS("resize", "calc", "0"), "no size");
	assert_refused(WORDS("resize", "calc", "+"), "write resize SERVICE N, as in");
	assert_refused(WORDS("stop", "later"), "stop now");
	assert_refused(WORDS("log-level", "inf"), "did you mean 'info'?");
	assert_refused(WORDS("log-level", "banana"), "error, warn, info or debug");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_is_known_by_its_name),
		cmocka_unit_test(json_may_stand_anywhere),
		cmocka_unit_test(sizes_are_numbers_that_may_be_relative),
		cmocka_unit_test(what_is_wrong_gets_one_sentence),
	};

	return cmocka_run_group_tests_name("control_verbs", tests, NULL, NULL);
}
