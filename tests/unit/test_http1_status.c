/* SPDX-License-Identifier: MIT */
/* Claims about status codes: their names, and which answers have a body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "protocol/http1_field.h"
#include "protocol/http1_status.h"

static void registered_codes_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(http1_status_reason(100), "Continue");
	assert_string_equal(http1_status_reason(200), "OK");
	assert_string_equal(http1_status_reason(206), "Partial Content");
	assert_string_equal(http1_status_reason(304), "Not Modified");
	assert_string_equal(http1_status_reason(404), "Not Found");
	assert_string_equal(http1_status_reason(413), "Content Too Large");
	assert_string_equal(http1_status_reason(431), "Request Header Fields Too Large");
	assert_string_equal(http1_status_reason(503), "Service Unavailable");
	assert_string_equal(http1_status_reason(511), "Network Authentication Required");
}

static void other_codes_have_none(void **state)
{
	static const unsigned int none[] = { 0, 99, 199, 299, 306, 418, 499, 509, 599, 600, 65736 /* 2^16 + 200 */ };

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_string_equal(http1_status_reason(none[i]), "");
}

static void a_status_line_is_version_code_and_reason(void **state)
{
	char expected[64];
	size_t size;

	(void)state;
	assert_null(http1_status_line(299, &size));
	for (unsigned int status = 0; status < 1000; status++) {
		const char *line = http1_status_line(status, &size);

		if (!line)
			continue;
		snprintf(expected, sizeof expected, "HTTP/1.1 %u %s", status, http1_status_reason(status));
		assert_string_equal(line, expected);
		assert_int_equal(size, strlen(expected));
	}
}

/* Also the claim that the table is in order: a search by halves would miss a row that is not. */
static void sixty_one_codes_are_registered_and_fit_a_status_line(void **state)
{
	size_t registered = 0;

	(void)state;
	for (unsigned int status = 0; status < 1000; status++) {
		const char *reason = http1_status_reason(status);

		registered += *reason != '\0';
		assert_true(http1_field_value_valid(reason, strlen(reason)));
		assert_true(!*reason || http1_status_valid(status));
	}
	assert_int_equal(registered, 61);
}

static void a_valid_code_has_a_class(void **state)
{
	(void)state;
	for (unsigned int status = 0; status < 1200; status++)
		assert_int_equal(http1_status_valid(status), status / 100 >= 1 && status / 100 <= 5);
}

static void some_answers_end_with_their_head(void **state)
{
	(void)state;
	for (unsigned int status = 100; status < 200; status++)
		assert_false(http1_status_has_body(status));
	for (unsigned int status = 200; status < 600; status++)
		assert_int_equal(http1_status_has_body(status), status != 204 && status != 304);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registered_codes_have_their_names),
		cmocka_unit_test(other_codes_have_none),
		cmocka_unit_test(a_status_line_is_version_code_and_reason),
		cmocka_unit_test(sixty_one_codes_are_registered_and_fit_a_status_line),
		cmocka_unit_test(a_valid_code_has_a_class),
		cmocka_unit_test(some_answers_end_with_their_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
