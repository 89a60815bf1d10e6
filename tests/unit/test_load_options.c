/* SPDX-License-Identifier: MIT */
/* Claims about the command line of the load: every option, its defaults, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <sysexits.h>

#include "load/options.h"

#define URL "tcp://127.0.0.1:8999"

static struct options options_of(char **words)
{
	struct options options = { 0 };
	struct sentence why = { "" };

	if (options_read(words, &options, &why) != 0)
		fail_msg("%s", why.text);
	return options;
}

#define OPTIONS(...) options_of((char *[]){ __VA_ARGS__, NULL })

static void assert_refused(char **words, const char *part)
{
	struct options options = { .clients = 4711 };
	struct sentence why = { "" };

	assert_int_equal(options_read(words, &options, &why), EX_USAGE);
	assert_int_equal(options.clients, 4711);
	if (!strstr(why.text, part))
		fail_msg("'%s' is not in: %s", part, why.text);
}

#define REFUSED(part, ...) assert_refused((char *[]){ __VA_ARGS__, NULL }, part)

static void a_url_alone_is_enough(void **state)
{
	struct options options = OPTIONS(URL);

	(void)state;
	assert_string_equal(options.url, URL);
	assert_int_equal(options.clients, OPTIONS_CLIENTS);
	assert_int_equal(options.duration_ms, OPTIONS_DURATION_MS);
	assert_int_equal(options.timeout_ms, 0);
	assert_int_equal(options.requests, 1);
	assert_int_equal(options.conns, 0);
	assert_int_equal(options.answer, REPLY_AUTO);
	assert_null(options.message);
	assert_false(options.hold || options.json || options.help);
}

static void options_may_stand_anywhere_and_be_written_either_way(void **state)
{
	struct options options =
		OPTIONS("--clients=5", "--message", "-x-", URL, "--json", "--abort", "30%", "--duration", "2s");

	(void)state;
	assert_int_equal(options.clients, 5);
	assert_string_equal(options.message, "-x-");
	assert_int_equal(options.abort_percent, 30);
	assert_int_equal(options.duration_ms, 2000);
	assert_true(options.json);
	assert_string_equal(options.url, URL);
}

static void defaults_follow_what_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(OPTIONS(URL, "--rate", "10").clients, OPTIONS_CLIENTS_OPEN);
	assert_int_equal(OPTIONS(URL, "--rate", "10", "--clients", "3").clients, 3);
	assert_int_equal(OPTIONS(URL, "--conns", "7").duration_ms, 0);
	assert_int_equal(OPTIONS(URL, "--conns", "7", "--duration", "1s").duration_ms, 1000);
	assert_int_equal(OPTIONS(URL, "--conns", "7", "--hold").duration_ms, OPTIONS_DURATION_MS);
	assert_int_equal(OPTIONS(URL, "--keep-alive").requests, 0);
	assert_int_equal(OPTIONS(URL, "--keep-alive", "--requests", "9").requests, 9);
}

static void slow_may_have_a_time(void **state)
{
	(void)state;
	assert_int_equal(OPTIONS(URL, "--slow").slow_ms, OPTIONS_SLOW_MS);
	assert_int_equal(OPTIONS("--slow", URL).slow_ms, OPTIONS_SLOW_MS);
	assert_int_equal(OPTIONS("--slow=20ms", URL).slow_ms, 20);
}

static void an_answer_has_an_end(void **state)
{
	struct options options = OPTIONS(URL, "--answer", "512");

	(void)state;
	assert_int_equal(options.answer, REPLY_SIZE);
	assert_int_equal(options.answer_size, 512);
	assert_int_equal(OPTIONS(URL, "--answer", "close").answer, REPLY_CLOSE);
	assert_int_equal(OPTIONS(URL, "--answer", "none").answer, REPLY_NONE);
	assert_int_equal(OPTIONS(URL, "--answer", "echo").answer, REPLY_ECHO);
	assert_int_equal(OPTIONS(URL, "--answer=lines").answer, REPLY_LINES);
}

static void help_needs_no_url(void **state)
{
	(void)state;
	assert_true(OPTIONS("--help").help);
	assert_true(OPTIONS("-h").help);
}

static void mistakes_are_told_with_what_would_be_right(void **state)
{
	(void)state;
	assert_refused((char *[]){ NULL }, "write its URL");
	REFUSED("one URL", URL, "udp://127.0.0.1:1");
	REFUSED("did you mean --clients?", URL, "--client", "5");
	REFUSED("unknown option --xyzzy", URL, "--xyzzy");
	REFUSED("unknown option -c", URL, "-c", "5");
	REFUSED("--clients needs a value", URL, "--clients");
	REFUSED("--clients needs a value", URL, "--clients=");
	REFUSED("--clients: 0 is out of range", URL, "--clients", "0");
	REFUSED("--rate: 'fast' is not a whole number", URL, "--rate", "fast");
	REFUSED("--duration: '30' has no unit", URL, "--duration", "30");
	REFUSED("--duration: 'off' is out of range", URL, "--duration", "off");
	REFUSED("--timeout: '0' is out of range", URL, "--timeout", "0");
	REFUSED("--slow: '1x' has the unit 'x'", URL, "--slow=1x");
	REFUSED("--abort: 101 is out of range", URL, "--abort", "101%");
	REFUSED("--abort: '%' is not", URL, "--abort", "%");
	REFUSED("--answer: 'soon'", URL, "--answer", "soon");
	REFUSED("--hold takes no value", URL, "--hold=5");
	REFUSED("2 clients cannot be shared by 3", URL, "--clients", "2", "--processes", "3");
}

static void what_is_held_is_not_asked_again(void **state)
{
	(void)state;
	REFUSED("leave out --rate", URL, "--hold", "--rate", "5");
	REFUSED("leave out --keep-alive", URL, "--keep-alive", "--hold");
	REFUSED("leave out --requests", URL, "--hold", "--requests", "5");
	REFUSED("leave out --abort", URL, "--hold", "--abort", "5");
	REFUSED("more than 4000000", URL, "--hold", "--clients", "10000", "--conns", "1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_alone_is_enough),
		cmocka_unit_test(options_may_stand_anywhere_and_be_written_either_way),
		cmocka_unit_test(defaults_follow_what_was_asked_for),
		cmocka_unit_test(slow_may_have_a_time),
		cmocka_unit_test(an_answer_has_an_end),
		cmocka_unit_test(help_needs_no_url),
		cmocka_unit_test(mistakes_are_told_with_what_would_be_right),
		cmocka_unit_test(what_is_held_is_not_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
