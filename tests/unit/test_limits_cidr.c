/* SPDX-License-Identifier: MIT */
/* Claims about sources and lists of blocks: who is whom, who is meant, what is refused and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "limits/cidr.h"
#include "limits/source.h"

static struct source_key inet4(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(4711) };

	assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
	return source_of((const void *)&in, sizeof in, SOURCE_NO_UID);
}

static struct source_key inet6(const char *text)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4711), .sin6_scope_id = 2 };

	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return source_of((const void *)&in6, sizeof in6, SOURCE_NO_UID);
}

static struct source_key unix_peer(uint32_t uid)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/somewhere" };

	return source_of((const void *)&un, sizeof un, uid);
}

static struct source_key vsock_peer(unsigned int cid)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = 4711 };

	return source_of((const void *)&vm, sizeof vm, SOURCE_NO_UID);
}

static void assert_text(struct source_key key, const char *expected)
{
	char text[SOURCE_TEXT_SIZE];

	source_text(&key, text);
	assert_string_equal(text, expected);
}

static struct cidr_list list_of(const char *text)
{
	struct sentence why = { "" };
	struct cidr_list list;

	if (cidr_parse(text, &list, &why) != 0)
		fail_msg("%s: %s", text ? text : "none", why.text);
	return list;
}

static bool is_in(const char *text, struct source_key key)
{
	struct cidr_list list = list_of(text);

	return cidr_contains(&list, &key);
}

static void a_source_is_what_the_prefix_leaves(void **state)
{
	struct source_key four = inet4("192.0.2.200"), six = inet6("2001:db8:1:2:3:4:5:6");

	(void)state;
	assert_text(source_cut(&four, 32, 64), "192.0.2.200");
	assert_text(source_cut(&four, 24, 64), "192.0.2.0/24");
	assert_text(source_cut(&four, 25, 64), "192.0.2.128/25");
	assert_text(source_cut(&four, 0, 64), "0.0.0.0/0");
	assert_text(source_cut(&six, 32, 64), "2001:db8:1:2::/64");
	assert_text(source_cut(&six, 32, 47), "2001:db8::/47");
	assert_text(source_cut(&six, 32, 128), "2001:db8:1:2:3:4:5:6");
}

static void neighbours_have_equal_keys_and_strangers_have_not(void **state)
{
	struct source_key one = inet4("192.0.2.1"), two = inet4("192.0.2.2"), far = inet4("192.0.3.1");

	(void)state;
	one = source_cut(&one, 24, 64);
	two = source_cut(&two, 24, 64);
	far = source_cut(&far, 24, 64);
	assert_memory_equal(&one, &two, sizeof one);
	assert_memory_not_equal(&one, &far, sizeof one);
}

static void users_and_machines_are_sources_whatever_the_prefix(void **state)
{
	struct source_key user = unix_peer(1000), machine = vsock_peer(3);

	(void)state;
	assert_text(source_cut(&user, 8, 8), "uid:1000");
	assert_text(source_cut(&machine, 8, 8), "vsock:3");
	assert_true(source_is_somebody(&user));
	assert_true(source_is_somebody(&machine));
}

static void who_does_not_say_who_it_is_is_nobody(void **state)
{
	struct sockaddr_in cut_off = { .sin_family = AF_INET };
	struct source_key anonymous = unix_peer(SOURCE_NO_UID);
	struct source_key nothing = source_of((const void *)&cut_off, 0, SOURCE_NO_UID);
	struct source_key partly = source_of((const void *)&cut_off, 7, SOURCE_NO_UID);

	(void)state;
	assert_text(anonymous, "unix");
	assert_false(source_is_somebody(&anonymous));
	assert_text(nothing, "unknown");
	assert_false(source_is_somebody(&nothing));
	assert_false(source_is_somebody(&partly));
}

static void any_bytes_have_a_text(void **state)
{
	struct source_key key;
	char text[SOURCE_TEXT_SIZE];

	(void)state;
	for (unsigned int kind = 0; kind < 256; kind++) {
		memset(&key, 0xff, sizeof key);
		key.kind = (uint8_t)kind;
		source_text(&key, text);
		assert_in_range(strlen(text), 1, SOURCE_TEXT_SIZE - 1);
	}
}

static void a_block_contains_its_addresses_to_the_bit(void **state)
{
	(void)state;
	assert_true(is_in("127.0.0.0/8", inet4("127.255.255.255")));
	assert_false(is_in("127.0.0.0/8", inet4("128.0.0.0")));
	assert_true(is_in("10.1.2.128/25", inet4("10.1.2.128")));
	assert_false(is_in("10.1.2.128/25", inet4("10.1.2.127")));
	assert_true(is_in("10.1.2.3", inet4("10.1.2.3")));
	assert_false(is_in("10.1.2.3", inet4("10.1.2.2")));
	assert_true(is_in("0.0.0.0/0", inet4("255.255.255.255")));
	assert_true(is_in("2001:db8::/33", inet6("2001:db8:7fff::1")));
	assert_false(is_in("2001:db8::/33", inet6("2001:db8:8000::1")));
	assert_true(is_in("::1", inet6("::1")));
}

static void families_do_not_mix(void **state)
{
	(void)state;
	assert_false(is_in("0.0.0.0/0", inet6("::1")));
	assert_false(is_in("::/0", inet4("127.0.0.1")));
	assert_false(is_in("0.0.0.0/0 ::/0", unix_peer(0)));
	assert_false(is_in("uid:2130706433", inet4("127.0.0.1")));
	assert_false(is_in("vsock:1000", unix_peer(1000)));
}

static void users_are_named_by_number_and_unix_is_all_of_them(void **state)
{
	(void)state;
	assert_true(is_in("uid:1000", unix_peer(1000)));
	assert_false(is_in("uid:1000", unix_peer(1001)));
	assert_false(is_in("uid:1000", unix_peer(SOURCE_NO_UID)));
	assert_true(is_in("unix", unix_peer(1001)));
	assert_true(is_in("unix", unix_peer(SOURCE_NO_UID)));
	assert_false(is_in("unix", inet4("127.0.0.1")));
	assert_true(is_in("vsock:3", vsock_peer(3)));
}

static void blanks_and_commas_separate(void **state)
{
	struct cidr_list list = list_of("  127.0.0.0/8,::1\t10.1.2.3 , uid:0\nunix,");

	(void)state;
	assert_int_equal(list.count, 5);
	assert_text(list.block[0], "127.0.0.0/8");
	assert_text(list.block[3], "uid:0");
	assert_int_equal(list_of("").count, 0);
	assert_int_equal(list_of(" , ").count, 0);
	assert_int_equal(list_of(NULL).count, 0);
}

static void assert_refused(const char *text, const char *sentence)
{
	struct sentence why = { "" };
	struct cidr_list list = { .count = 4711 };

	assert_int_equal(cidr_parse(text, &list, &why), -EINVAL);
	assert_string_equal(why.text, sentence);
	assert_int_equal(list.count, 4711);
}

static void what_is_no_block_is_refused_with_what_would_be_right(void **state)
{
	(void)state;
	assert_refused("::1 example.org",
		"'example.org' is no address: write 192.0.2.0/24, 2001:db8::/32, uid:1000 or unix");
	assert_refused("10.0.0.0/33", "'10.0.0.0/33' has no right prefix: write a number from 0 to 32 behind the /");
	assert_refused("10.0.0.0/", "'10.0.0.0/' has no right prefix: write a number from 0 to 32 behind the /");
	assert_refused("::/129", "'::/129' has no right prefix: write a number from 0 to 128 behind the /");
	assert_refused("::/-1", "'::/-1' has no right prefix: write a number from 0 to 128 behind the /");
	assert_refused("10.1.2.3/8", "'10.1.2.3/8' has bits behind its prefix: write 10.0.0.0/8, or 10.1.2.3 alone");
	assert_refused(
		"::ffff:10.0.0.1", "'::ffff:10.0.0.1' is an IPv4 address inside of IPv6: write the IPv4 address");
	assert_refused("uid:root", "'uid:root' is no user: write uid:NUMBER");
	assert_refused("uid:", "'uid:' is no user: write uid:NUMBER");
	assert_refused("uid:4294967295", "'uid:4294967295' is no user: write uid:NUMBER");
	assert_refused("uid:99999999999999999999", "'uid:99999999999999999999' is no user: write uid:NUMBER");
	assert_refused("vsock:any", "'vsock:any' is no virtual machine: write vsock:NUMBER");
	assert_refused(
		"10.0.0.0/8/8", "'10.0.0.0/8/8' has no right prefix: write a number from 0 to 32 behind the /");
	assert_refused("1111111111111111111111111111111111111111111111111111111111111111111111",
		"'11111111111111111111...' is no address: it has 70 bytes");
}

static void a_list_is_bounded(void **state)
{
	char text[(CIDR_MAX + 1) * 12] = ""; /* "10.0.0.255 " and a NUL */
	struct sentence why = { "" };
	struct cidr_list list;

	(void)state;
	for (int i = 0; i < CIDR_MAX; i++)
		sprintf(text + strlen(text), "10.0.0.%d ", i);
	assert_int_equal(cidr_parse(text, &list, &why), 0);
	assert_int_equal(list.count, CIDR_MAX);
	strcat(text, "::1");
	assert_int_equal(cidr_parse(text, &list, &why), -E2BIG);
	assert_string_equal(why.text, "more than 256 blocks: write larger ones");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_what_the_prefix_leaves),
		cmocka_unit_test(neighbours_have_equal_keys_and_strangers_have_not),
		cmocka_unit_test(users_and_machines_are_sources_whatever_the_prefix),
		cmocka_unit_test(who_does_not_say_who_it_is_is_nobody),
		cmocka_unit_test(any_bytes_have_a_text),
		cmocka_unit_test(a_block_contains_its_addresses_to_the_bit),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(users_are_named_by_number_and_unix_is_all_of_them),
		cmocka_unit_test(blanks_and_commas_separate),
		cmocka_unit_test(what_is_no_block_is_refused_with_what_would_be_right),
		cmocka_unit_test(a_list_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
