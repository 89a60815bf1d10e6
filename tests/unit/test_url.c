/* SPDX-License-Identifier: MIT */
/* Claims about listen URLs: what each scheme takes, and which sentence a wrong one gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "protocol/url.h"

static struct url parse(const char *text)
{
	struct url url;
	struct sentence why = { "" };

	if (url_parse(text, strlen(text), &url, &why) != 0)
		fail_msg("%s: %s", text, why.text);
	return url;
}

static void assert_refused(const char *text, const char *part)
{
	struct url url, untouched;
	struct sentence why = { "" };

	memset(&url, 0x5a, sizeof url);
	untouched = url;
	assert_int_equal(url_parse(text, strlen(text), &url, &why), -EINVAL);
	assert_memory_equal(&url, &untouched, sizeof url);
	if (!strstr(why.text, part))
		fail_msg("%s: '%s' lacks '%s'", text, why.text, part);
}

static void tcp_and_udp_take_host_and_port(void **state)
{
	struct url url = parse("tcp://localhost:8080");

	(void)state;
	assert_int_equal(url.scheme, URL_TCP);
	assert_string_equal(url.host, "localhost");
	assert_int_equal(url.port, 8080);
	url = parse("udp://127.0.0.1:0");
	assert_int_equal(url.scheme, URL_UDP);
	assert_int_equal(url.port, 0);
	url = parse("tcp://:65535");
	assert_string_equal(url.host, "");
	assert_int_equal(url.port, 65535);
}

static void an_ipv6_address_loses_its_brackets(void **state)
{
	(void)state;
	assert_string_equal(parse("tcp://[::1]:80").host, "::1");
	assert_string_equal(parse("tcp://[fe80::1%eth0]:80").host, "fe80::1%eth0");
	assert_string_equal(parse("udp://[::ffff:10.0.0.1]:80").host, "::ffff:10.0.0.1");
}

static void unix_takes_a_path_or_an_abstract_name(void **state)
{
	struct url url = parse("unix:/run/x.sock");

	(void)state;
	assert_int_equal(url.scheme, URL_UNIX);
	assert_string_equal(url.path, "/run/x.sock");
	assert_false(url.abstract);
	url = parse("unixgram:@x");
	assert_int_equal(url.scheme, URL_UNIXGRAM);
	assert_string_equal(url.path, "x");
	assert_true(url.abstract);
}

static void a_unix_path_may_fill_sun_path_and_not_a_byte_more(void **state)
{
	char text[6 + URL_PATH_MAX + 2] = "unix:/";
	size_t size = strlen("unix:") + URL_PATH_MAX;

	(void)state;
	memset(text + 6, 'x', size - 6);
	text[size] = '\0';
	assert_int_equal(strlen(parse(text).path), URL_PATH_MAX);
	text[size] = 'x';
	text[size + 1] = '\0';
	assert_refused(text, "longer than the 107 bytes");
	text[5] = '@';
	text[size] = '\0';
	assert_int_equal(strlen(parse(text).path), URL_PATH_MAX - 1);
}

static void vsock_takes_a_context_or_any(void **state)
{
	struct url url = parse("vsock://3:4294967295");

	(void)state;
	assert_string_equal(url.host, "3");
	assert_int_equal(url.port, UINT32_MAX);
	assert_string_equal(parse("vsock://any:1").host, "any");
	assert_refused("vsock://me:1", "vsock://any:1234");
	assert_refused("vsock://5", "after a colon, as in vsock://any:1234");
	assert_refused("vsock://1:4294967296", "has no port");
}

static void fd_takes_a_number_or_a_name(void **state)
{
	(void)state;
	assert_string_equal(parse("fd://3").host, "3");
	assert_string_equal(parse("fd://calc.socket").host, "calc.socket");
	assert_refused("fd://", "fd://3");
	assert_refused("fd://99999999999", "no descriptor has");
	assert_refused("fd://a/b", "a name with bytes");
}

static void settings_are_decoded_and_found_by_key(void **state)
{
	struct url url = parse("unix:/x?mode=0660&owner=%77w%77&empty=");

	(void)state;
	assert_int_equal(url.settings, 3);
	assert_string_equal(url_setting(&url, "mode"), "0660");
	assert_string_equal(url_setting(&url, "owner"), "www");
	assert_string_equal(url_setting(&url, "empty"), "");
	assert_null(url_setting(&url, "group"));
}

static void a_wrong_setting_is_named(void **state)
{
	(void)state;
	assert_refused("unix:/x?a=%2", "without two hexadecimal digits");
	assert_refused("unix:/x?a=%", "without two hexadecimal digits");
	assert_refused("unix:/x?a=%g0", "without two hexadecimal digits");
	assert_refused("unix:/x?a=%00", "control byte");
	assert_refused("unix:/x?mode", "without key or '='");
	assert_refused("unix:/x?=1", "without key or '='");
	assert_refused("unix:/x?", "without key or '='");
	assert_refused("unix:/x?a=1&", "without key or '='");
	assert_refused("unix:/x?a=1&a=2", "'a' twice");
	assert_refused("unix:/x?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1", "more than 8 settings");
	assert_refused(
		"unix:/x?a=0123456789012345678901234567890123456789012345678901234567890123456789", "longer than 64");
}

static void assert_settings(const char *text, const char *part)
{
	struct url url = parse(text);
	struct sentence why = { "" };

	assert_int_equal(url_check_settings(&url, &why), part ? -EINVAL : 0);
	assert_non_null(strstr(why.text, part ? part : ""));
}

static void each_kind_has_settings_of_its_own(void **state)
{
	(void)state;
	assert_settings("unix:/x?mode=0660&owner=www&group=33", NULL);
	assert_settings("tcp://:80", NULL);
	assert_settings("unix:/x?mdoe=0660", "did you mean 'mode'?");
	assert_settings("unix:/x?color=red", "known are mode, owner and group");
	assert_settings("unix:/x?mode=0888", "write it in octal");
	assert_settings("unix:@x?mode=0660", "has no settings");
	assert_settings("fd://3?reuseport=2", "has no settings");
	assert_settings("vsock://any:80?reuseport=2", "has no settings");
	assert_settings("tcp://:80?mode=0660", "have only reuseport");
	assert_settings("udp://:80?reusport=2", "did you mean 'reuseport'");
	assert_settings("unix:/x?reuseport=2", "known are mode, owner and group");
}

static unsigned int sockets_of(const char *text, int workers)
{
	struct sentence why;
	struct url url;

	assert_int_equal(url_parse(text, strlen(text), &url, &why), 0);
	return url_sockets(&url, workers);
}

static void reuseport_says_how_many_sockets_an_address_has(void **state)
{
	(void)state;
	assert_settings("tcp://:80?reuseport=1", NULL);
	assert_settings("udp://:80?reuseport=16", NULL);
	assert_settings("tcp://:80?reuseport=on", NULL);
	assert_settings("tcp://:80?reuseport=0", "1 to 16");
	assert_settings("tcp://:80?reuseport=17", "1 to 16");
	assert_settings("tcp://:80?reuseport=+4", "1 to 16");
	assert_settings("tcp://:80?reuseport=99999999999", "1 to 16");
	assert_settings("tcp://:80?reuseport=off", "1 to 16");
	assert_settings("tcp://:80?reuseport=", "1 to 16");
	assert_int_equal(sockets_of("tcp://:80", 8), 1);
	assert_int_equal(sockets_of("tcp://:80?reuseport=5", 8), 5);
	assert_int_equal(sockets_of("tcp://:80?reuseport=on", 8), 8);
	assert_int_equal(sockets_of("tcp://:80?reuseport=on", 0), 1);
	assert_int_equal(sockets_of("tcp://:80?reuseport=on", 40), URL_SOCKETS_MAX);
}

static void a_wrong_url_is_told_what_would_be_right(void **state)
{
	(void)state;
	assert_refused("", "is empty");
	assert_refused("tcp://a b:1", "a blank");
	assert_refused("tcp://localhost", "has no port");
	assert_refused("tcp://localhost:", "from 0 (the kernel chooses) to 65535");
	assert_refused("tcp://localhost:65536", "65535");
	assert_refused("tcp://localhost:+1", "65535");
	assert_refused("tcp://localhost:http", "port 'http'");
	assert_refused("tcp://localhost:80/", "has a path");
	assert_refused("tcp://::1:80", "without brackets");
	assert_refused("tcp://[::1]80", "has no port");
	assert_refused("tcp://[::1:80", "has no ']'");
	assert_refused("tcp://[::g]:80", "no IPv6 address");
	assert_refused("tcp://[fe80::1%]:80", "no interface");
	assert_refused("tcp://*:80", "leave it empty");
	assert_refused("tcp://a@b:80", "letters");
	assert_refused("tcp:localhost:80", "write tcp://");
	assert_refused("tpc://localhost:80", "did you mean 'tcp'?");
	assert_refused("localhost:80", "no known scheme");
	assert_refused("/run/x", "write unix: before it");
	assert_refused("unix:run/x", "needs a path");
	assert_refused("unix:/", "needs a path");
	assert_refused("unix:@", "no name after '@'");
	assert_refused("unix:///run/x", "more than one slash");
}

static void a_very_long_url_is_quoted_shortly(void **state)
{
	char text[5000];
	struct url url;
	struct sentence why;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "tcp://", 6);
	assert_int_equal(url_parse(text, sizeof text, &url, &why), -EINVAL);
	assert_non_null(strstr(why.text, "...' has no port"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_and_udp_take_host_and_port),
		cmocka_unit_test(an_ipv6_address_loses_its_brackets),
		cmocka_unit_test(unix_takes_a_path_or_an_abstract_name),
		cmocka_unit_test(a_unix_path_may_fill_sun_path_and_not_a_byte_more),
		cmocka_unit_test(vsock_takes_a_context_or_any),
		cmocka_unit_test(fd_takes_a_number_or_a_name),
		cmocka_unit_test(settings_are_decoded_and_found_by_key),
		cmocka_unit_test(a_wrong_setting_is_named),
		cmocka_unit_test(each_kind_has_settings_of_its_own),
		cmocka_unit_test(reuseport_says_how_many_sockets_an_address_has),
		cmocka_unit_test(a_wrong_url_is_told_what_would_be_right),
		cmocka_unit_test(a_very_long_url_is_quoted_shortly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
