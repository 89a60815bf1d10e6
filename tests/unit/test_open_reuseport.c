/* SPDX-License-Identifier: MIT */
/* Several sockets with one address (reuseport=N): how many, for whom, and who else may have it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/open.h"

#define MAX 4

struct opened {
	struct listener listeners[MAX];
	size_t count;
	struct sentence why;
};

static void open_well(const char *url, int workers, struct opened *opened)
{
	const struct open_options options = { .workers = workers };

	memset(opened, 0, sizeof *opened);
	if (open_listeners(url, &options, opened->listeners, MAX, &opened->count, &opened->why) < 0)
		fail_msg("%s", opened->why.text);
}

static void expect_refused(const char *url, int error, const char *part)
{
	struct opened opened = { .count = 0 };

	assert_int_equal(open_listeners(url, NULL, opened.listeners, MAX, &opened.count, &opened.why), error);
	assert_non_null(strstr(opened.why.text, part));
}

static void close_all(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++)
		open_close(&opened->listeners[i], true);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int option_of(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof value;

	assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &value, &size), 0);
	return value;
}

static void reuseport_opens_so_many_on_one_port(void **state)
{
	static const char *const urls[] = { "tcp://127.0.0.1:0?reuseport=4", "udp://127.0.0.1:0?reuseport=4" };
	struct opened opened;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_well(urls[i], 0, &opened);
		assert_int_equal(opened.count, 4);
		for (size_t k = 0; k < 4; k++) {
			assert_string_equal(opened.listeners[k].url, opened.listeners[0].url);
			assert_int_equal(option_of(opened.listeners[k].fd, SO_REUSEPORT), 1);
			assert_int_equal(fcntl(opened.listeners[k].fd, F_GETFD), FD_CLOEXEC);
		}
		close_all(&opened);
	}
	open_well("tcp://127.0.0.1:0?reuseport=1", 0, &opened);
	assert_int_equal(opened.count, 1);
	assert_int_equal(option_of(opened.listeners[0].fd, SO_REUSEPORT), 0);
	close_all(&opened);
}

static void on_opens_one_for_each_worker(void **state)
{
	struct opened opened;

	(void)state;
	open_well("tcp://127.0.0.1:0?reuseport=on", 3, &opened);
	assert_int_equal(opened.count, 3);
	close_all(&opened);
}

static void an_address_of_several_sockets_is_taken_for_everybody_else(void **state)
{
	struct opened opened;
	char url[LISTENER_URL_SIZE + 16];

	(void)state;
	open_well("tcp://127.0.0.1:0?reuseport=2", 0, &opened);
	snprintf(url, sizeof url, "%s?reuseport=2", opened.listeners[0].url);
	expect_refused(url, -EADDRINUSE, "another program listens there");
	expect_refused(opened.listeners[0].url, -EADDRINUSE, "another program listens there");
	close_all(&opened);
	open_well(url, 0, &opened);
	close_all(&opened);
}

static void more_sockets_than_there_is_room_for_are_refused_and_none_stays(void **state)
{
	int before = count_descriptors();

	(void)state;
	expect_refused("tcp://127.0.0.1:0?reuseport=5", -ENOBUFS, "more sockets than a service may have");
	assert_int_equal(count_descriptors(), before);
}

/* Ours are numbered from 0, so whoever joins is never chosen. */
static void whoever_joins_later_gets_nobody(void **state)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
	} address;
	socklen_t size = sizeof address;
	struct opened opened;
	int joins = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
	    client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int counts[2] = { 0 };
	char byte;

	(void)state;
	open_well("udp://127.0.0.1:0?reuseport=2", 0, &opened);
	assert_int_equal(getsockname(opened.listeners[0].fd, &address.any, &size), 0);
	assert_int_equal(setsockopt(joins, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)), 0);
	assert_int_equal(bind(joins, &address.any, size), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(sendto(client, "x", 1, 0, &address.any, size), 1);
	for (int i = 0; i < 2; i++)
		while (recv(opened.listeners[i].fd, &byte, 1, MSG_DONTWAIT) == 1)
			counts[i]++;
	assert_int_equal(counts[0] + counts[1], 64);
	assert_true(counts[0] > 0 && counts[1] > 0); /* all in one: once in 2^63 */
	assert_int_equal(recv(joins, &byte, 1, MSG_DONTWAIT), -1);
	close(joins);
	close(client);
	close_all(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reuseport_opens_so_many_on_one_port),
		cmocka_unit_test(on_opens_one_for_each_worker),
		cmocka_unit_test(an_address_of_several_sockets_is_taken_for_everybody_else),
		cmocka_unit_test(more_sockets_than_there_is_room_for_are_refused_and_none_stays),
		cmocka_unit_test(whoever_joins_later_gets_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
