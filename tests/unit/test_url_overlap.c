/* SPDX-License-Identifier: MIT */
/* Two listeners that want one address are told so; those that go together are left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/url_overlap.h"

static struct url parse(const char *text)
{
	struct sentence why;
	struct url url;

	if (url_parse(text, strlen(text), &url, &why) < 0)
		fail_msg("%s", why.text);
	return url;
}

/* Whoever comes first. */
static void assert_overlap(const char *a, const char *b, bool expected)
{
	struct url left = parse(a), right = parse(b);

	if (url_overlap(&left, &right) != expected || url_overlap(&right, &left) != expected)
		fail_msg("%s and %s: not %s", a, b, expected ? "in each other's way" : "apart");
}

static void every_address_is_in_the_way_of_each(void **state)
{
	(void)state;
	assert_overlap("tcp://127.0.0.1:80", "tcp://127.0.0.1:80", true);
	assert_overlap("tcp://:80", "tcp://127.0.0.1:80", true);
	assert_overlap("tcp://[::]:80", "tcp://0.0.0.0:80", true);
	assert_overlap("udp://[::]:80", "udp://[::1]:80", true);
	assert_overlap("tcp://0.0.0.0:80", "tcp://127.0.0.1:80", true);
	assert_overlap("tcp://:80", "tcp://example.net:80", true);
	assert_overlap("tcp://[::1]:80", "tcp://[0:0::1]:80", true);
	assert_overlap("tcp://LocalHost:80", "tcp://127.0.0.1:80", true);
	assert_overlap("tcp://example.net:80", "tcp://EXAMPLE.net:80", true);
	assert_overlap("vsock://any:80", "vsock://3:80", true);
}

static void other_ports_protocols_and_families_go_together(void **state)
{
	(void)state;
	assert_overlap("tcp://127.0.0.1:80", "tcp://127.0.0.1:81", false);
	assert_overlap("tcp://127.0.0.1:80", "tcp://127.0.0.2:80", false);
	assert_overlap("tcp://127.0.0.1:80", "udp://127.0.0.1:80", false);
	assert_overlap("tcp://0.0.0.0:80", "tcp://[::1]:80", false);
	assert_overlap("tcp://example.net:80", "tcp://example.org:80", false);
	assert_overlap("vsock://2:80", "vsock://3:80", false);
}

static void port_0_is_another_port_each_time(void **state)
{
	(void)state;
	assert_overlap("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", false);
	assert_overlap("tcp://:0", "tcp://127.0.0.1:0", false);
}

static void paths_belong_to_both_kinds_and_abstract_names_to_one(void **state)
{
	(void)state;
	assert_overlap("unix:/run/x?mode=0600", "unix:/run/x", true);
	assert_overlap("unix:/run/x", "unixgram:/run/x", true);
	assert_overlap("unix:/run/x", "unix:/run/y", false);
	assert_overlap("unix:@x", "unix:@x", true);
	assert_overlap("unix:@x", "unixgram:@x", false);
	assert_overlap("unix:@/run/x", "unix:/run/x", false);
	assert_overlap("unix:/run/x", "tcp://:80", false);
	assert_overlap("fd://3", "fd://3", true);
	assert_overlap("fd://3", "fd://4", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_is_in_the_way_of_each),
		cmocka_unit_test(other_ports_protocols_and_families_go_together),
		cmocka_unit_test(port_0_is_another_port_each_time),
		cmocka_unit_test(paths_belong_to_both_kinds_and_abstract_names_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
