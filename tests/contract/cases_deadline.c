/* SPDX-License-Identifier: MIT */
/* No client and no handler takes longer than it may: each deadline, what it changes, and who ignores it. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "client.h"

#define SHORT_MS 150

/* What the call that met the deadline answered, and the one after it. */
static int note_answers(struct witness *witness, struct brood_conn *conn, long first)
{
	char byte;

	witness->count[0] = (int)first;
	witness->count[1] = (int)brood_read(conn, &byte, 1);
	witness->count[2] = brood_write(conn, "x", 1);
	return (int)first;
}

static int read_all(struct brood_conn *conn, void *app)
{
	char buf[64];
	ssize_t n;

	while ((n = brood_read(conn, buf, sizeof buf)) > 0)
		continue;
	return note_answers(app, conn, n);
}

static int sleep_long(struct brood_conn *conn, void *app)
{
	return note_answers(app, conn, brood_sleep(conn, PATIENCE_MS));
}

static int write_long(struct brood_conn *conn, void *app)
{
	static const char block[65536];
	int r;

	while ((r = brood_write(conn, block, sizeof block)) == 0)
		continue;
	return note_answers(app, conn, r);
}

/* A client that says this, and then nothing. */
static void expect_timeout(struct cell *cell, struct brood_service *service, const char *said, const char *reason)
{
	struct witness *witness = cell->witness;
	int fd;

	service->handler.finish = witness_finish;
	cell_serve(cell, service);
	fd = client_connect(cell);
	client_say(fd, said);
	WAIT_FOR(witness->finished == 1);
	CHECK_TEXT(witness->reason, reason);
	CHECK_INT(witness->error, -ETIMEDOUT);
	CHECK_INT(witness->count[0], -ETIMEDOUT);
	CHECK_INT(witness->count[1], -ETIMEDOUT);
	CHECK_INT(witness->count[2], -ETIMEDOUT);
	CHECK(witness->duration_ms >= SHORT_MS && witness->duration_ms < PATIENCE_MS);
	if (!cell->transport->datagram)
		client_expect_over(fd);
	client_close(fd);
	cell_stop(cell);
	CHECK(cell_logged(cell, reason));
}

static void a_client_that_says_nothing_is_first_byte_timeout(struct cell *cell)
{
	struct brood_service service = { .first_byte_timeout_ms = SHORT_MS, .handler = { .handle = read_all } };

	expect_timeout(cell, &service, "", "first-byte-timeout");
}

static void a_client_that_falls_silent_is_idle_timeout(struct cell *cell)
{
	struct brood_service service = { .idle_timeout_ms = SHORT_MS, .handler = { .handle = read_all } };

	expect_timeout(cell, &service, "hello", "idle-timeout");
}

static void a_client_that_takes_nothing_is_write_timeout(struct cell *cell)
{
	struct brood_service service = { .write_timeout_ms = SHORT_MS, .handler = { .handle = write_long } };

	expect_timeout(cell, &service, "hello", "write-timeout");
}

static void a_request_has_its_time(struct cell *cell)
{
	struct brood_service service = { .request_timeout_ms = SHORT_MS, .handler = { .handle = sleep_long } };

	expect_timeout(cell, &service, "hello", "request-timeout");
}

static void a_connection_has_its_time(struct cell *cell)
{
	struct brood_service service = { .total_timeout_ms = SHORT_MS, .handler = { .handle = read_all } };

	if (cell->transport->datagram)
		service.handler.handle = sleep_long;
	expect_timeout(cell, &service, "hello", "total-timeout");
}

static int shorten_idle(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness->count[3] = brood_conn_deadline(conn, BROOD_DEADLINE_IDLE, SHORT_MS);
	witness->count[4] = brood_conn_deadline(conn, BROOD_DEADLINE_TOTAL, -7);
	witness->count[5] = brood_conn_deadline(conn, (enum brood_deadline)99, 1);
	return read_all(conn, app);
}

static void a_handler_may_shorten_a_deadline(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = shorten_idle } };

	expect_timeout(cell, &service, "hello", "idle-timeout");
	CHECK_INT(cell->witness->count[3], 0);
	CHECK_INT(cell->witness->count[4], -EINVAL);
	CHECK_INT(cell->witness->count[5], -EINVAL);
}

static int shorten_total(struct brood_conn *conn, void *app)
{
	brood_conn_deadline(conn, BROOD_DEADLINE_TOTAL, SHORT_MS);
	return sleep_long(conn, app);
}

static void a_handler_may_bound_the_whole(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = shorten_total } };

	expect_timeout(cell, &service, "hello", "total-timeout");
}

static int lift_all(struct brood_conn *conn, void *app)
{
	char buf[16];
	int r = 0;

	(void)app;
	for (int which = BROOD_DEADLINE_FIRST_BYTE; which <= BROOD_DEADLINE_TOTAL; which++)
		r = r ? r : brood_conn_deadline(conn, (enum brood_deadline)which, BROOD_OFF);
	if (r == 0)
		r = brood_sleep(conn, 3 * SHORT_MS);
	if (r == 0 && brood_read(conn, buf, sizeof buf) < 0)
		r = -EIO;
	return r == 0 ? brood_printf(conn, "in time") : r;
}

static void a_handler_may_lift_every_deadline(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .first_byte_timeout_ms = SHORT_MS,
				 .idle_timeout_ms = SHORT_MS,
				 .request_timeout_ms = SHORT_MS,
				 .write_timeout_ms = SHORT_MS,
				 .total_timeout_ms = SHORT_MS,
				 .kill_after_ms = SHORT_MS,
				 .handler = { .handle = lift_all } });
	fd = client_connect(cell);
	client_say(fd, "?");
	client_expect(fd, "in time");
	client_close(fd);
}

/* ---- Handlers that ignore their deadline ---- */

static int never_mind(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	char buf[16];

	if (brood_read(conn, buf, sizeof buf) < 0)
		return -EIO;
	witness->count[0]++;
	while (witness->go == 0)
		cell_sleep_ms(1);
	return 0;
}

static int never_mind_nor_term(struct brood_conn *conn, void *app)
{
	/* The worker's own, where it is a process; elsewhere the program's way to stop stays. */
	if (*(volatile int *)&((struct witness *)app)->count[5])
		signal(SIGTERM, SIG_IGN);
	return never_mind(conn, app);
}

static void serve_stubborn(struct cell *cell, int (*handle)(struct brood_conn *conn, void *app))
{
	struct brood_service service = { .request_timeout_ms = SHORT_MS,
		.kill_after_ms = 500,
		.handler = { .handle = handle, .finish = witness_finish } };

	cell_bound(cell, &service, 8);
	cell_serve(cell, &service);
}

static void a_worker_that_ignores_its_deadline_loses_client_and_place(struct cell *cell)
{
	long long begin;
	int fd;

	serve_stubborn(cell, never_mind);
	begin = cell_now_ms();
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell->witness->count[0] == 1);
	if (!cell->model->expires) {
		/* Documented: an embedded iterative engine is inside of the handler, and can only wait for it. */
		client_expect_nothing(fd, 3 * SHORT_MS);
		cell->witness->go = 1;
		if (!cell->transport->datagram)
			client_expect_over(fd);
		client_close(fd);
		return;
	}
	if (!cell->transport->datagram) {
		client_expect_over(fd);
		CHECK(cell_now_ms() - begin >= SHORT_MS);
		CHECK(!cell_logged(
			cell, cell->model->overtime)); /* shut down at the deadline, ended after kill_after */
	}
	WAIT_FOR(cell_logged(cell, cell->model->overtime));
	client_close(fd);
	if (cell->model->processes)
		CHECK(cell_logged(cell, "signal 15"));
	cell->witness->go = 1;
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell->witness->count[0] == 2);
	client_close(fd);
}

static void a_worker_that_ignores_term_too_is_killed(struct cell *cell)
{
	int fd;

	cell->witness->count[5] = 1;
	serve_stubborn(cell, never_mind_nor_term);
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell_logged(cell, "reason=worker-killed"));
	CHECK(cell_logged(cell, "signal 9"));
	client_close(fd);
}

static void a_quarter_of_the_threads_stuck_asks_for_a_new_process(struct cell *cell)
{
	struct brood_service service = { .request_timeout_ms = SHORT_MS,
		.kill_after_ms = SHORT_MS,
		.drain_timeout_ms = SHORT_MS,
		.handler = { .handle = never_mind } };
	int fd;

	cell->fails = cell->leaks = true;
	cell_bound(cell, &service, 4);
	cell_serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell_logged(cell, "a quarter of the threads are stuck"));
	cell_join(cell); /* by itself, although the thread is still there */
	CHECK_INT(cell_log_number(cell, "written_off"), 1);
	CHECK_INT(cell_log_number(cell, "unfinished"), 1);
	client_close(fd);
}

const struct contract_case cases_deadline[] = {
	CASE(KIND_STREAMS, a_client_that_says_nothing_is_first_byte_timeout),
	CASE(KIND_STREAMS, a_client_that_falls_silent_is_idle_timeout),
	CASE(KIND_STREAMS, a_client_that_takes_nothing_is_write_timeout),
	CASE(KIND_BOTH, a_request_has_its_time),
	CASE(KIND_BOTH, a_connection_has_its_time),
	CASE(KIND_STREAMS, a_handler_may_shorten_a_deadline),
	CASE(KIND_BOTH, a_handler_may_bound_the_whole),
	CASE(KIND_BOTH, a_handler_may_lift_every_deadline),
	CASE(KIND_BOTH, a_worker_that_ignores_its_deadline_loses_client_and_place),
	CASE_WHERE(cell_has_processes, KIND_BOTH, a_worker_that_ignores_term_too_is_killed),
	CASE_WHERE(cell_is_shared, KIND_BOTH, a_quarter_of_the_threads_stuck_asks_for_a_new_process),
	{ 0 },
};
