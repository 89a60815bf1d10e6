/* SPDX-License-Identifier: MIT */
/* Each case of http1_cases*.def comes to what it says, in whatever pieces its bytes come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http1_cases.h"
#include "http1_outcome.h"

static unsigned int differs(const struct http1_case *row, size_t first, size_t step)
{
	char *outcome = outcome_of(row->bytes, row->size, first, step, NULL);
	bool same = strcmp(outcome, row->outcome) == 0;

	if (!same)
		print_error("%s (%zu bytes, then each %zu):\n  expected %s\n  got      %s\n", row->claim, first, step,
			row->outcome, outcome);
	free(outcome);
	return !same;
}

static void each_request_comes_to_what_its_row_says(void **state)
{
	unsigned int different = 0;

	(void)state;
	for (size_t i = 0; i < HTTP1_CASES; i++)
		different += differs(&http1_cases[i], http1_cases[i].size, http1_cases[i].size);
	assert_int_equal(different, 0);
}

static void it_does_not_matter_that_bytes_come_one_by_one(void **state)
{
	unsigned int different = 0;

	(void)state;
	for (size_t i = 0; i < HTTP1_CASES; i++)
		different += differs(&http1_cases[i], 0, 1);
	assert_int_equal(different, 0);
}

static void it_does_not_matter_where_bytes_are_cut_in_two(void **state)
{
	unsigned int different = 0;

	(void)state;
	for (size_t i = 0; i < HTTP1_CASES; i++)
		for (size_t cut = 0; cut <= http1_cases[i].size; cut++)
			different += differs(&http1_cases[i], cut, http1_cases[i].size);
	assert_int_equal(different, 0);
}

/* A fault that no row comes to is one that nobody has seen; limits are in test_http1.c and test_http1_chunked.c. */
static void each_fault_but_the_limits_has_a_case(void **state)
{
	static const enum http1_fault limits[] = { HTTP1_LINE_TOO_LONG, HTTP1_HEAD_TOO_LONG, HTTP1_TOO_MANY_FIELDS,
		HTTP1_NAME_TOO_LONG, HTTP1_CHUNK_LINE_TOO_LONG, HTTP1_EXTENSIONS_TOO_LONG, HTTP1_TRAILERS_TOO_LONG };

	(void)state;
	for (unsigned int fault = HTTP1_FINE + 1; fault < HTTP1_FAULTS; fault++) {
		bool found = false;

		for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
			found = found || limits[i] == fault;
		for (size_t i = 0; i < HTTP1_CASES && !found; i++) {
			const char *mark = strchr(http1_cases[i].outcome, '!');

			found = mark && strcmp(mark + 1, outcome_fault_names[fault]) == 0;
		}
		if (!found)
			fail_msg("no case comes to %s", outcome_fault_names[fault]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_comes_to_what_its_row_says),
		cmocka_unit_test(it_does_not_matter_that_bytes_come_one_by_one),
		cmocka_unit_test(it_does_not_matter_where_bytes_are_cut_in_two),
		cmocka_unit_test(each_fault_but_the_limits_has_a_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
