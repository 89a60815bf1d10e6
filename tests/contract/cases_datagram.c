/* SPDX-License-Identifier: MIT */
/* What a datagram is: one packet in, at most one packet out, and each way in which that can go wrong. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"

#define DATAGRAM_MAX 65507

static int tell_size(struct brood_conn *conn, void *app)
{
	char buf[8];
	ssize_t n, size = brood_packet_size(conn), total = 0;

	(void)app;
	while ((n = brood_read(conn, buf, sizeof buf)) > 0)
		total += n;
	return brood_printf(conn, "%zd of %zd, then %zd", total, size, n);
}

static void a_datagram_reads_like_a_stream_that_ends(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = tell_size } });
	client_ask(cell, "twenty bytes of text", "20 of 20, then 0");
}

static void an_empty_datagram_is_answered(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = tell_size } });
	client_ask(cell, "", "0 of 0, then 0");
}

static int write_nothing(struct brood_conn *conn, void *app)
{
	(void)app;
	return brood_write(conn, "", 0);
}

static void a_write_of_no_bytes_sends_an_empty_datagram(struct cell *cell)
{
	char buf[8];
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = write_nothing } });
	fd = client_connect(cell);
	client_say(fd, "?");
	CHECK_INT(recv(fd, buf, sizeof buf, 0), 0);
	client_close(fd);
}

static int write_thrice(struct brood_conn *conn, void *app)
{
	(void)app;
	brood_write(conn, "one ", 4);
	brood_printf(conn, "%s ", "two");
	return brood_write(conn, "three", 5);
}

static void several_writes_leave_as_one_datagram(struct cell *cell)
{
	char buf[64];
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = write_thrice } });
	fd = client_connect(cell);
	client_say(fd, "?");
	CHECK_INT(recv(fd, buf, sizeof buf, 0), 13);
	CHECK(memcmp(buf, "one two three", 13) == 0);
	client_close(fd);
}

/* The first byte says what to do. */
static int as_told(struct brood_conn *conn, void *app)
{
	char what = '?';

	(void)app;
	brood_read(conn, &what, 1);
	if (what == 's')
		return 0;
	brood_printf(conn, "%c", what);
	return what == 'f' ? -EDOM : 0;
}

static void no_write_means_no_answer(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = as_told, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "silence");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "finished");
	client_say(fd, "answer");
	client_expect(fd, "a"); /* the first that comes */
	client_close(fd);
}

static void a_failed_handle_sends_no_answer(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = as_told, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "fail");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "handler-failed");
	client_say(fd, "answer");
	client_expect(fd, "a");
	client_close(fd);
}

static int write_too_much(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	static const char block[DATAGRAM_MAX];

	witness->count[0] = brood_write(conn, block, 1000);
	witness->count[1] = brood_write(conn, block, 25);
	witness->count[2] = brood_write(conn, block, 24);
	return 0;
}

static void a_write_beyond_the_limit_fails_and_the_rest_is_sent(struct cell *cell)
{
	char buf[2000];
	int fd;

	cell_serve(cell, &(struct brood_service){ .max_packet = 1024, .handler = { .handle = write_too_much } });
	fd = client_connect(cell);
	client_say(fd, "?");
	CHECK_INT(recv(fd, buf, sizeof buf, 0), 1024);
	CHECK_INT(cell->witness->count[0], 0);
	CHECK_INT(cell->witness->count[1], -EMSGSIZE);
	CHECK_INT(cell->witness->count[2], 0);
	client_close(fd);
}

static void the_longest_datagram_comes_back_whole(struct cell *cell)
{
	static char sent[DATAGRAM_MAX], got[DATAGRAM_MAX];
	int fd;

	memset(sent, 'x', sizeof sent);
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = witness_echo } });
	fd = client_connect(cell);
	client_send(fd, sent, sizeof sent);
	CHECK_INT(recv(fd, got, sizeof got, 0), sizeof sent);
	CHECK(memcmp(sent, got, sizeof sent) == 0);
	client_close(fd);
}

static void a_datagram_beyond_max_packet_is_too_large(struct cell *cell)
{
	static char text[1001];
	int fd;

	memset(text, 'x', 1000);
	cell_serve(cell, &(struct brood_service){ .max_packet = 999,
				 .handler = { .handle = witness_echo, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, text);
	WAIT_FOR(cell_logged(cell, "reason=too-large"));
	text[999] = '\0';
	client_say(fd, text);
	client_expect(fd, text);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
}

static void a_sender_without_address_is_heard_but_not_answered(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = witness_echo, .finish = witness_finish } });
	fd = client_connect_nameless(cell);
	client_say(fd, "?");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "no-address");
	client_close(fd);
	client_ask(cell, "next", "next");
}

static void the_answer_comes_from_the_address_spoken_to(struct cell *cell)
{
	char url[64];
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .listen = "udp://0.0.0.0:0", .handler = { .handle = witness_echo } });
	snprintf(url, sizeof url, "udp://127.0.0.2:%s", strrchr(cell->witness->url[0], ':') + 1);
	/* Connected: an answer from 127.0.0.1 would not be delivered. */
	fd = client_connect_to(cell, url);
	client_say(fd, "hello");
	client_expect(fd, "hello");
	client_close(fd);
}

static int answer_when_told(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness->count[0]++;
	witness_wait(witness, 1);
	return brood_printf(conn, "too late");
}

static void a_sender_that_is_gone_harms_nobody(struct cell *cell)
{
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .handler = { .handle = answer_when_told, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell->witness->count[0] == 1);
	client_close(fd);
	cell->witness->go = 1;
	WAIT_FOR(cell->witness->finished == 1);
	if (cell->transport->family == AF_UNIX)
		CHECK_TEXT(cell->witness->reason, "client-gone");
	/* UDP learns it by an ICMP error, which the next call on the shared socket meets. */
	for (int i = 0; i < 3; i++)
		client_ask(cell, "next", "too late");
}

static void a_sender_that_takes_no_answers_is_peer_queue_full(struct cell *cell)
{
	int fd, size = 1;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = witness_echo, .finish = witness_finish } });
	fd = client_connect(cell);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
	for (int i = 1; i <= 2000 && !cell_logged(cell, "peer-queue-full"); i++) {
		client_say(fd, "more");
		WAIT_FOR(cell->witness->finished == i);
	}
	WAIT_FOR(cell_logged(cell, "reason=peer-queue-full"));
	client_close(fd);
	client_ask(cell, "next", "next");
}

const struct contract_case cases_datagram[] = {
	CASE(KIND_DATAGRAMS, a_datagram_reads_like_a_stream_that_ends),
	CASE(KIND_DATAGRAMS, an_empty_datagram_is_answered),
	CASE(KIND_DATAGRAMS, a_write_of_no_bytes_sends_an_empty_datagram),
	CASE(KIND_DATAGRAMS, several_writes_leave_as_one_datagram),
	CASE(KIND_DATAGRAMS, no_write_means_no_answer),
	CASE(KIND_DATAGRAMS, a_failed_handle_sends_no_answer),
	CASE(KIND_DATAGRAMS, a_write_beyond_the_limit_fails_and_the_rest_is_sent),
	CASE(KIND_DATAGRAMS, the_longest_datagram_comes_back_whole),
	CASE(KIND_DATAGRAMS, a_datagram_beyond_max_packet_is_too_large),
	CASE_WHERE(cell_is_unix, KIND_DATAGRAMS, a_sender_without_address_is_heard_but_not_answered),
	CASE_WHERE(cell_is_inet4, KIND_DATAGRAMS, the_answer_comes_from_the_address_spoken_to),
	CASE(KIND_DATAGRAMS, a_sender_that_is_gone_harms_nobody),
	CASE_WHERE(cell_is_unix, KIND_DATAGRAMS, a_sender_that_takes_no_answers_is_peer_queue_full),
	{ 0 },
};
