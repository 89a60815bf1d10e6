/* SPDX-License-Identifier: MIT */
/* Claims about datagrams that are received, and answered, several at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/conn.h"
#include "transport/open.h"

#define CLIENTS 3
#define GONE    1 /* this one leaves before its answer */
#define LIMIT   64

static const struct transport_ops *const datagram = &transport_datagram;

static int client_of(const char *directory, int number, const struct listener *listener)
{
	struct sockaddr_un mine = { .sun_family = AF_UNIX }, server = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(mine.sun_path, sizeof mine.sun_path, "%s/client%d", directory, number);
	snprintf(server.sun_path, sizeof server.sun_path, "%s", listener->path);
	assert_int_equal(bind(fd, (const void *)&mine, sizeof mine), 0);
	assert_int_equal(sendto(fd, &"abc"[number], 1, 0, (const void *)&server, sizeof server), 1);
	return fd;
}

static void one_that_cannot_be_answered_is_known_and_the_others_are(void **state)
{
	char directory[] = "/tmp/brood-unit-XXXXXX", url[64], data[CLIENTS + 1][LIMIT + 1], byte;
	struct brood_conn conns[CLIENTS + 1], *each[CLIENTS + 1];
	int clients[CLIENTS];
	struct sentence why = { "" };
	struct listener listener;
	size_t count;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(url, sizeof url, "unixgram:%s/server", directory);
	assert_int_equal(open_listeners(url, NULL, &listener, 1, &count, &why), 0);
	for (int i = 0; i <= CLIENTS; i++) {
		conns[i] = (struct brood_conn){ .packet = { .data = data[i], .reply = data[i], .limit = LIMIT } };
		each[i] = &conns[i];
	}
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = client_of(directory, i, &listener);
	assert_int_equal(datagram->accept_some(&listener, each, CLIENTS + 1), CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(data[i][0], "abc"[i]);
		conns[i].packet.reply_size = 1;
		conns[i].packet.wrote = true;
	}
	close(clients[GONE]);
	assert_int_equal(datagram->finish_some(each, CLIENTS), GONE);
	assert_true(datagram->finish(each[GONE]) < 0);
	assert_int_equal(datagram->finish_some(&each[GONE + 1], CLIENTS - GONE - 1), CLIENTS - GONE - 1);
	for (int i = 0; i < CLIENTS; i++) {
		if (i != GONE) {
			assert_int_equal(recv(clients[i], &byte, 1, MSG_DONTWAIT), 1);
			assert_int_equal(byte, "abc"[i]);
			close(clients[i]);
		}
		snprintf(url, sizeof url, "%s/client%d", directory, i);
		assert_int_equal(unlink(url), 0);
	}
	open_close(&listener, true);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_cannot_be_answered_is_known_and_the_others_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
