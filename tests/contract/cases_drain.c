/* SPDX-License-Identifier: MIT */
/* brood_stop: what was begun is finished, what waits is served, what comes is refused; twice: at once. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

#define QUEUED 3

static int answer_when_told(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int r = 0;

	witness->count[0]++;
	while (witness->go == 0 && r == 0) {
		r = brood_sleep(conn, 5);
		witness->count[1] = brood_conn_draining(conn);
	}
	return r == 0 ? brood_printf(conn, "served") : r;
}

static const struct brood_handler patient = { .handle = answer_when_told, .finish = witness_finish };

static int say_hello(struct cell *cell)
{
	int fd = client_connect(cell);

	client_say(fd, "?");
	return fd;
}

static void what_waits_in_the_queue_is_served(struct cell *cell)
{
	struct brood_service service = { .handler = patient };
	int bound = cell_bound(cell, &service, 1);
	int fds[QUEUED];

	cell_serve(cell, &service);
	for (int i = 0; i < QUEUED; i++)
		fds[i] = say_hello(cell);
	WAIT_FOR(cell->witness->count[0] == bound);
	CHECK_INT(cell->witness->over, 0);
	cell_signal(cell);
	WAIT_FOR(cell->witness->count[1] == 1);
	cell->witness->go = 1;
	for (int i = 0; i < QUEUED; i++) {
		client_expect(fds[i], "served");
		client_close(fds[i]);
	}
	cell_join(cell);
	CHECK_INT(cell_log_number(cell, "ended"), QUEUED);
	CHECK_INT(cell_log_number(cell, "unfinished"), 0);
}

/* Nobody listens any more while the last one is still being served. */
static void who_comes_after_the_stop_is_refused(struct cell *cell)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int fd, late, r = 0;

	cell_serve(cell, &(struct brood_service){ .handler = patient });
	fd = say_hello(cell);
	WAIT_FOR(cell->witness->count[0] == 1);
	CHECK(getpeername(fd, (struct sockaddr *)&address, &size) == 0);
	cell_signal(cell);
	WAIT_FOR(cell->witness->count[1] == 1);
	if (!cell->model->bound)
		cell->witness->go = 1; /* it closes its listeners when it comes to them */
	for (int i = 0; i < PATIENCE_MS && r == 0; i++) {
		late = socket(cell->transport->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		r = connect(late, (const struct sockaddr *)&address, size);
		close(late);
		cell_sleep_ms(1);
	}
	CHECK_INT(r, -1);
	cell->witness->go = 1;
	client_expect(fd, "served");
	client_close(fd);
	cell_join(cell);
}

static void a_second_stop_cuts_off(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = patient });
	fd = say_hello(cell);
	WAIT_FOR(cell->witness->count[0] == 1);
	cell_signal(cell);
	WAIT_FOR(cell->witness->count[1] == 1); /* two that are pending at once are one signal */
	client_expect_nothing(fd, 50);
	cell_signal(cell);
	if (!cell->transport->datagram)
		client_expect_over(fd);
	client_close(fd);
	cell_join(cell);
	CHECK(cell_logged(cell, "reason=stopped"));
}

static void the_drain_deadline_cuts_off(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .drain_timeout_ms = 150, .handler = patient });
	fd = say_hello(cell);
	WAIT_FOR(cell->witness->count[0] == 1);
	cell_stop(cell);
	if (!cell->transport->datagram)
		client_expect_over(fd);
	client_close(fd);
	CHECK(cell_logged(cell, "drain deadline"));
	CHECK(cell_logged(cell, "reason=stopped"));
}

struct stopper {
	struct brood *engine;
	_Atomic int state; /* 0: it comes, 1: it is there, 2: it is to stop the engine, 3: it may go */
};

static void wait_for_state(struct stopper *stopper, int state)
{
	while (atomic_load(&stopper->state) < state)
		usleep(1000);
}

static void *stop_from_here(void *arg)
{
	struct stopper *stopper = arg;

	atomic_store(&stopper->state, 1);
	wait_for_state(stopper, 2);
	brood_stop(stopper->engine);
	wait_for_state(stopper, 3);
	return NULL;
}

/* A thread that begins or ends holds locks of AddressSanitizer's, which a child forked in that moment has for ever: so
 * it is there before the first client, and stays until all are served. */
static int drive_with_thread(struct cell *cell, struct brood *engine)
{
	struct stopper stopper = { .engine = engine };
	pthread_t thread;
	int r = 0;

	if (pthread_create(&thread, NULL, stop_from_here, &stopper) != 0)
		return -EIO;
	wait_for_state(&stopper, 1);
	while (cell->witness->finished == 0 && r >= 0)
		r = brood_run_once(engine, 10);
	atomic_store(&stopper.state, 2);
	if (r >= 0)
		r = brood_run(engine);
	atomic_store(&stopper.state, 3);
	pthread_join(thread, NULL);
	return r;
}

static void another_thread_may_stop_it(struct cell *cell)
{
	cell->drive = drive_with_thread;
	cell->witness->go = 1;
	cell_serve(cell, &(struct brood_service){ .handler = patient });
	client_ask(cell, "?", "served");
	cell_join(cell);
}

static int drive_stopped(struct cell *cell, struct brood *engine)
{
	(void)cell;
	brood_stop(engine);
	return brood_run(engine);
}

static void a_stop_before_the_run_is_not_lost(struct cell *cell)
{
	cell->drive = drive_stopped;
	cell_serve(cell, &(struct brood_service){ .handler = patient });
	cell_join(cell);
}

/* While one listener's client is being served, the others have to notice the stop too. */
static void every_listener_drains(struct cell *cell)
{
	char urls[400];
	int fd;

	snprintf(urls, sizeof urls, "%s tcp://127.0.0.1:0 unix:%s/second udp://127.0.0.1:0", cell->url,
		cell->directory);
	cell_serve(cell, &(struct brood_service){ .listen = urls, .handler = patient });
	fd = say_hello(cell);
	WAIT_FOR(cell->witness->count[0] == 1);
	cell_signal(cell);
	WAIT_FOR(cell->witness->count[1] == 1);
	cell->witness->go = 1;
	client_expect(fd, "served");
	client_close(fd);
	cell_join(cell);
	CHECK(!cell_logged(cell, "drain deadline"));
}

const struct contract_case cases_drain[] = {
	CASE(KIND_BOTH, what_waits_in_the_queue_is_served),
	CASE(KIND_STREAMS, who_comes_after_the_stop_is_refused),
	CASE(KIND_BOTH, a_second_stop_cuts_off),
	CASE(KIND_BOTH, the_drain_deadline_cuts_off),
	CASE(KIND_BOTH, another_thread_may_stop_it),
	CASE(KIND_BOTH, a_stop_before_the_run_is_not_lost),
	CASE(KIND_BOTH, every_listener_drains),
	{ 0 },
};
