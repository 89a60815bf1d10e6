/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervise/status/status_request.h"

static struct status_request parse(const char *text)
{
	struct status_request request = { .code = -1 };
	size_t size = strlen(text);
	char *exact = malloc(size); /* no NUL behind it: a sanitizer sees who reads on */

	assert_non_null(exact);
	memcpy(exact, text, size);
	assert_true(status_request_parse(exact, size, &request));
	free(exact);
	return request;
}

static void the_three_pages_are_found(void **state)
{
	(void)state;
	assert_int_equal(parse("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").code, 200);
	assert_int_equal(parse("GET /healthz HTTP/1.1\r\n\r\n").page, STATUS_HEALTHZ);
	assert_int_equal(parse("GET /readyz HTTP/1.0\r\n\r\n").page, STATUS_READYZ);
	assert_int_equal(parse("GET /metrics HTTP/1.1\n\n").page, STATUS_METRICS);
	assert_int_equal(parse("GET /metrics HTTP/1.1\n\r\n").code, 200);
}

static void a_query_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(parse("GET /readyz?verbose=1 HTTP/1.1\r\n\r\n").code, 200);
	assert_int_equal(parse("GET /readyz?verbose=1 HTTP/1.1\r\n\r\n").page, STATUS_READYZ);
}

static void head_wants_no_body(void **state)
{
	(void)state;
	assert_true(parse("HEAD /metrics HTTP/1.1\r\n\r\n").head_only);
	assert_true(parse("HEAD /nothing HTTP/1.1\r\n\r\n").head_only);
	assert_false(parse("GET /metrics HTTP/1.1\r\n\r\n").head_only);
}

static void other_pages_are_not_found(void **state)
{
	(void)state;
	assert_int_equal(parse("GET / HTTP/1.1\r\n\r\n").code, 404);
	assert_int_equal(parse("GET /metricsx HTTP/1.1\r\n\r\n").code, 404);
	assert_int_equal(parse("GET /metric HTTP/1.1\r\n\r\n").code, 404);
	assert_int_equal(parse("GET //metrics HTTP/1.1\r\n\r\n").code, 404);
	assert_int_equal(parse("POST /nothing HTTP/1.1\r\n\r\n").code, 404);
}

static void other_methods_are_not_allowed(void **state)
{
	(void)state;
	assert_int_equal(parse("POST /metrics HTTP/1.1\r\n\r\n").code, 405);
	assert_int_equal(parse("DELETE /healthz HTTP/1.1\r\n\r\n").code, 405);
	assert_int_equal(parse("GE /healthz HTTP/1.1\r\n\r\n").code, 405);
}

static void what_is_no_request_is_bad(void **state)
{
	static const char *const bad[] = {
		"\r\n\r\n",
		"\n\n",
		"GET\r\n\r\n",
		"GET /metrics\r\n\r\n",
		"GET  /metrics HTTP/1.1\r\n\r\n",
		"GET /metrics HTTP/1.1 \r\n\r\n",
		"GET /metrics HTTP/1.1 more\r\n\r\n",
		"GET /metrics HTTP/2\r\n\r\n",
		"GET /metrics http/1.1\r\n\r\n",
		"get /metrics HTTP/1.1\r\n\r\n",
		"GET metrics HTTP/1.1\r\n\r\n",
		"GET http://a/metrics HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\x02\x01\n\n",
		" GET /metrics HTTP/1.1\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse(bad[i]).code, 400);
}

static void half_a_request_is_waited_for(void **state)
{
	static const char whole[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct status_request request;

	(void)state;
	for (size_t size = 0; size < sizeof whole - 1; size++)
		assert_false(status_request_parse(whole, size, &request));
	assert_true(status_request_parse(whole, sizeof whole - 1, &request));
}

static void an_endless_request_is_bad(void **state)
{
	static char endless[STATUS_REQUEST_MAX];
	struct status_request request;

	(void)state;
	memset(endless, 'A', sizeof endless);
	memcpy(endless, "GET /metrics HTTP/1.1\r\n", 23);
	assert_false(status_request_parse(endless, sizeof endless - 1, &request));
	assert_true(status_request_parse(endless, sizeof endless, &request));
	assert_int_equal(request.code, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_three_pages_are_found),
		cmocka_unit_test(a_query_does_not_matter),
		cmocka_unit_test(head_wants_no_body),
		cmocka_unit_test(other_pages_are_not_found),
		cmocka_unit_test(other_methods_are_not_allowed),
		cmocka_unit_test(what_is_no_request_is_bad),
		cmocka_unit_test(half_a_request_is_waited_for),
		cmocka_unit_test(an_endless_request_is_bad),
	};

	return cmocka_run_group_tests_name("status_request", tests, NULL, NULL);
}
