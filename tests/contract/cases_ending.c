/* SPDX-License-Identifier: MIT */
/* How a connection ends: by the client, at any moment, and by the handler, in three ways. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"

static const struct brood_handler echo = { .handle = witness_echo, .finish = witness_finish };

static bool is_tcp(const struct cell *cell)
{
	return cell->transport->family != AF_UNIX;
}

static void a_reset_right_after_connect_harms_nobody(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = echo });
	client_reset(client_connect(cell));
	WAIT_FOR(cell->witness->finished == 1);
	/* Unix sockets have no reset: a close is an end of input. */
	CHECK_TEXT(cell->witness->reason, is_tcp(cell) ? "client-gone" : "finished");
	client_ask(cell, "next", "next");
}

/* Reads the request, waits until the client is gone, answers until it notices. */
static int answer_too_late(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char block[4096] = "";
	int r = (int)brood_read(conn, block, sizeof block);

	witness->count[0]++;
	witness_wait(witness, 1);
	while (r >= 0)
		r = brood_write(conn, block, sizeof block);
	return r;
}

static void a_reset_after_the_request_is_client_gone(struct cell *cell)
{
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .handler = { .handle = answer_too_late, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "request");
	WAIT_FOR(cell->witness->count[0] == 1);
	client_reset(fd);
	cell->witness->go = 1;
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "client-gone");
	WAIT_FOR(cell_logged(cell, "reason=client-gone"));
}

static int answer_for_ever(struct brood_conn *conn, void *app)
{
	static const char block[16384];
	int r;

	(void)app;
	while ((r = brood_write(conn, block, sizeof block)) == 0)
		continue;
	return r;
}

static void a_reset_in_the_middle_of_an_answer_is_client_gone(struct cell *cell)
{
	char some[100000];
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .handler = { .handle = answer_for_ever, .finish = witness_finish } });
	fd = client_connect(cell);
	CHECK_INT(client_read_all(fd, some, sizeof some), sizeof some);
	client_reset(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "client-gone");
	CHECK(cell->witness->bytes_out >= sizeof some);
	fd = client_connect(cell);
	CHECK_INT(client_read_all(fd, some, sizeof some), sizeof some);
	client_close(fd);
}

static int finish_then_read(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char buf[64];
	ssize_t n;

	brood_printf(conn, "bye");
	witness->count[0] = brood_finish(conn);
	witness->count[1] = brood_finish(conn);
	witness->count[2] = brood_write(conn, "more", 4);
	n = brood_read(conn, buf, sizeof buf);
	witness->count[3] = (int)n;
	return n > 0 ? 0 : -EIO;
}

static void finish_ends_our_side_and_reading_goes_on(struct cell *cell)
{
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .handler = { .handle = finish_then_read, .finish = witness_finish } });
	fd = client_connect(cell);
	client_expect(fd, "bye");
	client_expect_end(fd);
	client_say(fd, "still here");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_INT(cell->witness->count[0], 0);
	CHECK_INT(cell->witness->count[1], 0);
	CHECK_INT(cell->witness->count[2], -EPIPE);
	CHECK_INT(cell->witness->count[3], 10);
	CHECK_TEXT(cell->witness->reason, "finished");
	client_close(fd);
}

static int answer_and_close(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char byte;

	brood_read(conn, &byte, 1);
	brood_printf(conn, "the answer");
	witness->count[0] = brood_close(conn);
	witness->count[1] = brood_write(conn, "x", 1);
	return 0;
}

/* Closing a TCP socket with unread bytes sends a reset, which overtakes the answer. */
static void close_does_not_lose_the_answer_to_unread_bytes(struct cell *cell)
{
	static char flood[300000];
	int fd;

	memset(flood, 'x', sizeof flood);
	cell_serve(
		cell, &(struct brood_service){ .handler = { .handle = answer_and_close, .finish = witness_finish } });
	fd = client_connect(cell);
	client_send(fd, flood, sizeof flood);
	client_expect(fd, "the answer");
	client_expect_end(fd);
	client_finish(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "finished");
	CHECK_INT(cell->witness->count[0], 0);
	CHECK_INT(cell->witness->count[1], -EPIPE);
}

static int answer_and_leave(struct brood_conn *conn, void *app)
{
	char byte;

	(void)app;
	brood_read(conn, &byte, 1);
	return brood_printf(conn, "the answer");
}

static void what_handle_leaves_open_is_closed_without_losing_the_answer(struct cell *cell)
{
	static char flood[100000];
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_and_leave } });
	fd = client_connect(cell);
	client_send(fd, flood, sizeof flood);
	client_expect(fd, "the answer");
	client_expect_end(fd);
	client_close(fd);
}

static void close_lingers_no_longer_than_linger_ms(struct cell *cell)
{
	long long begin;
	int fd;

	cell_serve(cell, &(struct brood_service){ .linger_ms = 200,
				 .handler = { .handle = answer_and_close, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "?");
	client_expect(fd, "the answer");
	client_expect_end(fd);
	begin = cell_now_ms();
	/* The client neither ends nor speaks. */
	WAIT_FOR(cell->witness->finished == 1);
	CHECK(cell_now_ms() - begin < 5000);
	CHECK(cell->witness->duration_ms >= 200);
	client_close(fd);
}

static int abort_it(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char byte;

	brood_read(conn, &byte, 1);
	brood_abort(conn);
	witness->count[0] = (int)brood_read(conn, &byte, 1);
	witness->count[1] = brood_write(conn, &byte, 1);
	return 0;
}

static void abort_resets_at_once(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = abort_it, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "x");
	if (is_tcp(cell))
		client_expect_reset(fd);
	else
		client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "aborted");
	CHECK_INT(cell->witness->count[0], -ECONNABORTED);
	CHECK_INT(cell->witness->count[1], -ECONNABORTED);
}

static int abort_when_told(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char what = '?';

	brood_read(conn, &what, 1);
	witness->count[0]++;
	witness_wait(witness, what == 'a' ? 1 : 2);
	if (what == 'a')
		brood_abort(conn);
	return 0;
}

static bool is_bounded_tcp(const struct cell *cell)
{
	return cell_is_bounded(cell) && is_tcp(cell);
}

/* The last close sends the reset: no other worker may hold a copy of the connection. */
static void an_abort_is_not_delayed_by_other_clients(struct cell *cell)
{
	int first, second;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = abort_when_told } });
	first = client_connect(cell);
	client_say(first, "a");
	WAIT_FOR(cell->witness->count[0] == 1);
	second = client_connect(cell);
	client_say(second, "w");
	WAIT_FOR(cell->witness->count[0] == 2);
	cell->witness->go = 1;
	client_expect_reset(first);
	cell->witness->go = 2;
	client_expect_end(second);
	client_close(first);
	client_close(second);
}

static int try_endings(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness->count[0] = brood_finish(conn);
	witness->count[1] = brood_close(conn);
	return brood_printf(conn, "answer");
}

static void a_datagram_has_no_finish_and_no_close(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = try_endings } });
	client_ask(cell, "?", "answer");
	CHECK_INT(cell->witness->count[0], -EOPNOTSUPP);
	CHECK_INT(cell->witness->count[1], -EOPNOTSUPP);
}

static int answer_then_abort(struct brood_conn *conn, void *app)
{
	(void)app;
	brood_printf(conn, "never sent");
	brood_abort(conn);
	return 0;
}

static void an_aborted_datagram_is_not_answered(struct cell *cell)
{
	int fd;

	cell_serve(cell,
		&(struct brood_service){ .handler = { .handle = answer_then_abort, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "aborted");
	client_expect_nothing(fd, 50);
	client_close(fd);
}

const struct contract_case cases_ending[] = {
	CASE(KIND_STREAMS, a_reset_right_after_connect_harms_nobody),
	CASE(KIND_STREAMS, a_reset_after_the_request_is_client_gone),
	CASE(KIND_STREAMS, a_reset_in_the_middle_of_an_answer_is_client_gone),
	CASE(KIND_STREAMS, finish_ends_our_side_and_reading_goes_on),
	CASE(KIND_STREAMS, close_does_not_lose_the_answer_to_unread_bytes),
	CASE(KIND_STREAMS, what_handle_leaves_open_is_closed_without_losing_the_answer),
	CASE(KIND_STREAMS, close_lingers_no_longer_than_linger_ms),
	CASE(KIND_STREAMS, abort_resets_at_once),
	CASE_WHERE(is_bounded_tcp, KIND_STREAMS, an_abort_is_not_delayed_by_other_clients),
	CASE(KIND_DATAGRAMS, a_datagram_has_no_finish_and_no_close),
	CASE(KIND_DATAGRAMS, an_aborted_datagram_is_not_answered),
	{ 0 },
};
