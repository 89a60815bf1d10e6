/* SPDX-License-Identifier: MIT */
/* Claims about parked sockets: no reset eats the last word, and number, time and bytes are bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/park.h"

#define NOW  (1000 * NS_PER_SEC)
#define WORD "too many\n"

/* A TCP connection on loopback: [0] the client's end, [1] ours. */
static void connect_pair(int pair[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (void *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&address, &size), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], (void *)&address, sizeof address), 0);
	pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair[1] >= 0);
	close(listener);
}

static void refuse(struct park *park, int fd, int64_t now_ns)
{
	assert_int_equal(send(fd, WORD, strlen(WORD), MSG_NOSIGNAL), strlen(WORD));
	shutdown(fd, SHUT_WR);
	park_add(park, fd, now_ns);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void assert_reads_it_all(int fd)
{
	char heard[64];

	assert_int_equal(recv(fd, heard, sizeof heard, 0), strlen(WORD));
	assert_memory_equal(heard, WORD, strlen(WORD));
	assert_int_equal(recv(fd, heard, sizeof heard, 0), 0);
}

static void what_was_said_before_and_after_the_refusal_destroys_nothing(void **state)
{
	struct park park = { 0 };
	int pair[2];

	(void)state;
	connect_pair(pair);
	assert_int_equal(send(pair[0], "a request", 9, 0), 9);
	refuse(&park, pair[1], NOW);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(send(pair[0], "more of it", 10, MSG_NOSIGNAL), 10);
		usleep(1000);
		assert_int_equal(park_look(&park, NOW), 1);
	}
	assert_reads_it_all(pair[0]);
	close(pair[0]);
	park_close(&park);
}

static void a_client_that_ends_gives_its_place_back(void **state)
{
	struct park park = { 0 };
	int pair[2];

	(void)state;
	connect_pair(pair);
	refuse(&park, pair[1], NOW);
	assert_int_equal(park.count, 1);
	close(pair[0]);
	usleep(1000);
	assert_int_equal(park_look(&park, NOW), 0);
	assert_false(is_open(pair[1]));
}

static void one_that_has_ended_already_is_never_parked(void **state)
{
	struct park park = { 0 };
	int pair[2];

	(void)state;
	connect_pair(pair);
	assert_int_equal(send(pair[0], "that is all", 11, 0), 11);
	shutdown(pair[0], SHUT_WR);
	usleep(1000);
	refuse(&park, pair[1], NOW);
	assert_int_equal(park.count, 0);
	assert_false(is_open(pair[1]));
	assert_reads_it_all(pair[0]);
	close(pair[0]);
}

static void nobody_stays_longer_than_a_second(void **state)
{
	struct park park = { 0 };
	int pair[2];

	(void)state;
	connect_pair(pair);
	refuse(&park, pair[1], NOW);
	assert_int_equal(park_look(&park, NOW + PARK_MS * NS_PER_MS - 1), 1);
	assert_int_equal(park_look(&park, NOW + PARK_MS * NS_PER_MS), 0);
	assert_false(is_open(pair[1]));
	close(pair[0]);
}

static void a_client_that_never_stops_is_cut_off(void **state)
{
	static const char flood[65536];
	struct park park = { 0 };
	size_t sent = 0;
	int pair[2];

	(void)state;
	connect_pair(pair);
	refuse(&park, pair[1], NOW);
	for (int i = 0; i < 10000 && park.count > 0; i++) {
		ssize_t n = send(pair[0], flood, sizeof flood, MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		park_look(&park, NOW);
	}
	assert_int_equal(park.count, 0);
	assert_true(sent >= PARK_BYTES);
	close(pair[0]);
}

#define CLIENTS (PARK_MAX + 10)

static void beyond_the_places_the_one_that_was_there_longest_goes(void **state)
{
	struct park park = { 0 };
	int clients[CLIENTS], ours[CLIENTS];

	(void)state;
	for (int i = 0; i < CLIENTS; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		/* Numbers of their own, so that none comes again. */
		clients[i] = fcntl(pair[0], F_DUPFD_CLOEXEC, 300 + i);
		ours[i] = fcntl(pair[1], F_DUPFD_CLOEXEC, 500 + i);
		close(pair[0]);
		close(pair[1]);
		refuse(&park, ours[i], NOW + i);
	}
	assert_int_equal(park.count, PARK_MAX);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(is_open(ours[i]), i >= CLIENTS - PARK_MAX);
		assert_reads_it_all(clients[i]);
		close(clients[i]);
	}
	assert_int_equal(park_look(&park, NOW), 0);
}

static void closing_closes_all_of_them(void **state)
{
	struct park park = { 0 };
	int pairs[3][2];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
		refuse(&park, pairs[i][1], NOW);
	}
	park_close(&park);
	park_close(&park);
	for (int i = 0; i < 3; i++) {
		assert_false(is_open(pairs[i][1]));
		close(pairs[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_before_and_after_the_refusal_destroys_nothing),
		cmocka_unit_test(a_client_that_ends_gives_its_place_back),
		cmocka_unit_test(one_that_has_ended_already_is_never_parked),
		cmocka_unit_test(nobody_stays_longer_than_a_second),
		cmocka_unit_test(a_client_that_never_stops_is_cut_off),
		cmocka_unit_test(beyond_the_places_the_one_that_was_there_longest_goes),
		cmocka_unit_test(closing_closes_all_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
