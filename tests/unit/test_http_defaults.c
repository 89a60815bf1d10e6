/* SPDX-License-Identifier: MIT */
/* What a service is by default because its handler speaks HTTP, and what only such a one knows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brood/http.h>

#include "core/engine_private.h"
#include "core/http_defaults.h"

static int raw(struct brood_conn *conn, void *app)
{
	(void)conn, (void)app;
	return 0;
}

static int answer(struct brood_http *http, void *app)
{
	(void)http, (void)app;
	return 0;
}

static struct brood_service effective_of(struct brood_service given)
{
	struct brood_service effective;
	struct sentence why = { 0 };

	if (engine_effective(&given, sizeof given, &effective, &why) < 0)
		fail_msg("%s", why.text);
	return effective;
}

static void assert_refused(struct brood_service given, const char *about)
{
	struct brood_service effective;
	struct sentence why = { 0 };

	assert_int_equal(engine_effective(&given, sizeof given, &effective, &why), -EINVAL);
	if (!strstr(why.text, about))
		fail_msg("'%s' is not in: %s", about, why.text);
}

/* A status line, and as many bytes of body as it says. */
static void assert_whole_answer(const void *text, size_t size, int status)
{
	const char *words = text, *body = strstr(words, "\r\n\r\n"), *length = strstr(words, "Content-Length: ");
	int found = 0;

	assert_int_equal(strlen(words), size);
	assert_int_equal(sscanf(words, "HTTP/1.1 %d ", &found), 1);
	assert_int_equal(found, status);
	assert_non_null(strstr(words, "\r\nConnection: close\r\n"));
	assert_non_null(body);
	assert_non_null(length);
	assert_int_equal(strtoul(length + 16, NULL, 10), strlen(body + 4));
}

static void a_handler_for_http_changes_the_defaults(void **state)
{
	const struct brood_service http = effective_of((struct brood_service){ .handler = { BROOD_HTTP(answer) } });
	const struct brood_service other = effective_of((struct brood_service){ .handler = { .handle = raw } });

	(void)state;
	assert_int_equal(http.idle_timeout_ms, 15000);
	assert_int_equal(http.request_timeout_ms, 60000);
	assert_int_equal(http.head_timeout_ms, 20000);
	assert_int_equal(http.max_body_kib, BROOD_HTTP_MAX_BODY_KIB);
	assert_int_equal(http.handler.client_first, 1);
	assert_int_equal(other.idle_timeout_ms, 300000);
	assert_int_equal(other.request_timeout_ms, BROOD_OFF);
	assert_null(other.refusal);
	assert_null(other.last_words);
}

static void what_others_say_in_its_place_are_whole_answers(void **state)
{
	const struct brood_service http = effective_of((struct brood_service){ .handler = { BROOD_HTTP(answer) } });

	(void)state;
	assert_whole_answer(http.refusal, http.refusal_size, 503);
	assert_non_null(strstr(http.refusal, "\r\nRetry-After: "));
	assert_whole_answer(http.last_words, http.last_words_size, 502);
	assert_whole_answer(http.killed_words, http.killed_words_size, 503);
	assert_whole_answer(http.late_words, http.late_words_size, 504);
}

static void what_is_given_stays(void **state)
{
	const struct brood_service http = effective_of((struct brood_service){
		.handler = { BROOD_HTTP(answer) },
		.idle_timeout_ms = BROOD_OFF,
		.request_timeout_ms = 1000,
		.last_words = "sorry",
		.last_words_size = 5,
	});

	(void)state;
	assert_int_equal(http.idle_timeout_ms, BROOD_OFF);
	assert_int_equal(http.request_timeout_ms, 1000);
	assert_string_equal(http.last_words, "sorry");
	/* For every kind of death. */
	assert_null(http.late_words);
	assert_null(http.killed_words);
}

static void an_access_log_has_one_of_four_formats(void **state)
{
	static const char *const formats[] = { "common", "combined", "combined+", "json" };
	struct brood_service given = { .handler = { BROOD_HTTP(answer) } };

	(void)state;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		given.access_log = formats[i];
		effective_of(given);
	}
	given.access_log = "combine";
	assert_refused(given, "access_log is 'combine'");
	given.access_log = "common";
	given.handler = (struct brood_handler){ .handle = raw };
	assert_refused(given, "access_log is for handlers that speak HTTP");
}

static void http_is_for_streams(void **state)
{
	struct brood_service given = { .handler = { BROOD_HTTP(answer) }, .listen = "tcp://127.0.0.1:0 unix:@x" };

	(void)state;
	effective_of(given);
	given.listen = "tcp://127.0.0.1:0 udp://127.0.0.1:0";
	assert_refused(given, "needs streams");
	given.listen = "unixgram:@x";
	assert_refused(given, "needs streams");
}

static void a_handlers_stack_is_its_own(void **state)
{
	const struct brood_service http = effective_of((struct brood_service){ .handler = { BROOD_HTTP(answer) } });

	(void)state;
	assert_int_equal(http.stack_kib, BROOD_STACK_KIB);
	assert_int_equal(engine_model_config(&http).stack_kib, BROOD_STACK_KIB + HTTP_STACK_KIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_for_http_changes_the_defaults),
		cmocka_unit_test(what_others_say_in_its_place_are_whole_answers),
		cmocka_unit_test(what_is_given_stays),
		cmocka_unit_test(an_access_log_has_one_of_four_formats),
		cmocka_unit_test(http_is_for_streams),
		cmocka_unit_test(a_handlers_stack_is_its_own),
	};

	return cmocka_run_group_tests_name("defaults of HTTP", tests, NULL, NULL);
}
