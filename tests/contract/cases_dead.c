/* SPDX-License-Identifier: MIT */
/* What a client hears of its worker's end: where workers are processes also when they cannot say it themselves. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define SHORT_MS 150

static const char words[] = "sorry";

static void keep_crashes_plain(struct cell *cell)
{
	(void)cell;
	/* Sanitizers would make a report and an exit of their own of it. */
	signal(SIGSEGV, SIG_DFL);
}

static void serve(struct cell *cell, struct brood_service *service)
{
	service->last_words = words;
	service->last_words_size = strlen(words);
	cell->prepare = keep_crashes_plain;
	cell_bound(cell, service, 4);
	cell_serve(cell, service);
}

/* One order a line: 'c' crashes, 'a' answers and asks for more, 'w' writes without an end of the request, 'p' tells who
 * it is and waits. */
static int obey(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	volatile int *volatile nowhere = (volatile int *)64;
	char line[16];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = brood_readline(conn, line, sizeof line)) > 0) {
		if (line[0] == 'c')
			*nowhere = 1;
		if (line[0] == 'w')
			r = brood_printf(conn, "part");
		if (line[0] == 'p')
			witness->count[0] = getpid();
		if (line[0] == 'a')
			return brood_printf(conn, "answer") < 0 ? -EIO : BROOD_AGAIN;
	}
	return r;
}

/* ---- Ended by itself ---- */

static void stay(void *app)
{
	struct witness *witness = app;

	witness->count[1]++;
	witness_wait(witness, 1);
}

/* A child ends its connection by shutdown(2), which reaches the client through every duplicate of the socket. */
static void the_client_sees_the_end_before_its_worker_is_gone(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = witness_echo, .stop = stay } };
	int fd;

	cell_serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "x");
	client_finish(fd);
	client_expect(fd, "x");
	client_expect_end(fd);
	/* It did not come from the end of the process. */
	if (cell->model->processes)
		CHECK(!cell_logged(cell, "exit=\"exit"));
	cell->witness->go = 1;
	client_close(fd);
}

/* ---- Dead ---- */

static void the_client_of_a_dead_worker_gets_the_last_words(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = obey } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "c\n");
	client_expect(fd, words);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "last_words=sent"));
	CHECK(cell_logged(cell, "phase=handle"));
	client_ask(cell, "w\n", "part");
}

static void no_last_words_follow_a_part_of_an_answer(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = obey } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "w\nc\n");
	client_expect(fd, "part");
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "reason=handler-crashed"));
	CHECK(!cell_logged(cell, "last_words"));
}

static void each_request_has_its_own_last_words(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = obey } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "a\n");
	client_expect(fd, "answer");
	client_say(fd, "c\n");
	client_expect(fd, words);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "requests=2"));
}

static void between_two_requests_nobody_is_owed_an_answer(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = obey } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "p\na\n");
	client_expect(fd, "answer");
	cell_sleep_ms(50); /* until it is parked */
	CHECK(kill(cell->witness->count[0], SIGKILL) == 0);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "reason=worker-killed"));
	CHECK(!cell_logged(cell, "last_words"));
}

static int crash_in_verify(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	return raise(SIGSEGV);
}

static void a_crash_in_verify_is_answered_for_and_told_as_such(struct cell *cell)
{
	struct brood_service service = { .handler = { .verify = crash_in_verify, .handle = obey } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_expect(fd, words);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "phase=verify"));
}

static void crash_in_finish_moment(struct brood_conn *conn, void *app, const struct brood_end *end)
{
	(void)conn;
	(void)app;
	(void)end;
	raise(SIGSEGV);
}

static int answer_nothing(struct brood_conn *conn, void *app)
{
	(void)app;
	return witness_hear(conn);
}

static void what_finish_breaks_was_answered_before(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = answer_nothing, .finish = crash_in_finish_moment } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_finish(fd);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "phase=finish"));
	CHECK(!cell_logged(cell, "last_words"));
}

static void a_datagram_gets_no_last_words(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = obey } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "c\n");
	WAIT_FOR(cell_logged(cell, "reason=handler-crashed"));
	client_expect_nothing(fd, 50);
	client_close(fd);
}

/* ---- Late ---- */

static int never_mind(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char buf[16];

	if (brood_read(conn, buf, sizeof buf) < 0)
		return -EIO;
	if (buf[0] == 'w')
		brood_printf(conn, "part");
	while (witness->go == 0)
		cell_sleep_ms(1);
	return brood_printf(conn, "too late");
}

static bool expires(const struct cell *cell)
{
	return cell->model->expires;
}

static void a_handler_that_ignores_its_deadline_is_answered_for(struct cell *cell)
{
	struct brood_service service = { .request_timeout_ms = SHORT_MS, .handler = { .handle = never_mind } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "?");
	client_expect(fd, words);
	client_expect_end(fd);
	cell->witness->go = 1;
	client_close(fd);
}

static void but_not_in_the_middle_of_its_answer(struct cell *cell)
{
	struct brood_service service = { .request_timeout_ms = SHORT_MS, .handler = { .handle = never_mind } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "w");
	client_expect(fd, "part");
	client_expect_end(fd);
	cell->witness->go = 1;
	client_close(fd);
}

const struct contract_case cases_dead[] = {
	CASE(KIND_STREAMS, the_client_sees_the_end_before_its_worker_is_gone),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, the_client_of_a_dead_worker_gets_the_last_words),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, no_last_words_follow_a_part_of_an_answer),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, each_request_has_its_own_last_words),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, between_two_requests_nobody_is_owed_an_answer),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, a_crash_in_verify_is_answered_for_and_told_as_such),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, what_finish_breaks_was_answered_before),
	CASE_WHERE(cell_has_processes, KIND_DATAGRAMS, a_datagram_gets_no_last_words),
	CASE_WHERE(expires, KIND_STREAMS, a_handler_that_ignores_its_deadline_is_answered_for),
	CASE_WHERE(expires, KIND_STREAMS, but_not_in_the_middle_of_its_answer),
	{ 0 },
};
