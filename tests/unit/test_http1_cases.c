/* SPDX-License-Identifier: MIT */
/* Each case of http1_cases*.def comes to what it says, in whatever pieces its bytes come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http1_cases.h"
#include "http1_outcome.h"
#include "protocol/http1_scan.h"

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

/* Behind each case, so that its last line is as far from the end as others: bytes are looked at sixteen at a time. */
#define AFTER "GET /after HTTP/1.1\r\nHost: after.example\r\nAccept: */*\r\n\r\n"

/* Whole, a head has lines for take_plain_fields; byte by byte, none. Both have to leave the same behind. */
static unsigned int is_read_in_two_ways(const struct http1_case *row, const struct http1_options *options)
{
	static struct http1_request whole, slow;
	size_t size = row->size + sizeof AFTER - 1;
	ssize_t of_whole, of_slow = -EAGAIN;
	char *bytes = malloc(size);
	bool same;

	assert_non_null(bytes);
	memcpy(bytes, row->bytes, row->size);
	memcpy(bytes + row->size, AFTER, sizeof AFTER - 1);
	http1_begin(&whole, options);
	of_whole = http1_parse(&whole, bytes, size);
	http1_begin(&slow, options);
	for (size_t come = 0; come <= size && of_slow == -EAGAIN; come++)
		of_slow = http1_parse(&slow, bytes, come);
	same = of_whole == of_slow && memcmp(&whole, &slow, offsetof(struct http1_request, options)) == 0 &&
	       memcmp(whole.field, slow.field, whole.fields * sizeof *whole.field) == 0;
	if (!same)
		print_error("%s: whole %zd (%s), byte by byte %zd (%s)\n", row->claim, of_whole,
			outcome_fault_names[whole.fault], of_slow, outcome_fault_names[slow.fault]);
	free(bytes);
	return !same;
}

static void whole_lines_are_read_as_lines_in_pieces_are(void **state)
{
	static const struct http1_options strict,
		loose = { .bare_lf = true, .blank_before_colon = true, .obsolete_fold = true },
		few = { .fields_max = 2 };
	unsigned int different = 0;

	(void)state;
	for (size_t i = 0; i < HTTP1_CASES; i++) {
		different += is_read_in_two_ways(&http1_cases[i], &strict);
		different += is_read_in_two_ways(&http1_cases[i], &loose);
		different += is_read_in_two_ways(&http1_cases[i], &few);
	}
	assert_int_equal(different, 0);
}

static void each_byte_ends_a_token_wherever_it_stands_or_none_does(void **state)
{
	char bytes[40];

	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < sizeof bytes; at++) {
			memset(bytes, 'n', sizeof bytes);
			bytes[at] = (char)byte;
			assert_ptr_equal(http1_scan_token(bytes, bytes + sizeof bytes),
				http1_scan_run(bytes, bytes + sizeof bytes, HTTP1_SCAN_TOKEN));
		}
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
		cmocka_unit_test(whole_lines_are_read_as_lines_in_pieces_are),
		cmocka_unit_test(each_byte_ends_a_token_wherever_it_stands_or_none_does),
		cmocka_unit_test(each_fault_but_the_limits_has_a_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
