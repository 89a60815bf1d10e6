/* SPDX-License-Identifier: MIT */
/* As many clients as allowed and no more: the others wait in the kernel's queue, and the loop stays alive. */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define BOUND   3
#define EXTRA   4
#define CLIENTS (BOUND + EXTRA)

/* Nobody's: limits on processes count by user, and root has none. */
#define UID_OF_ITS_OWN 2147480000u

static int answer_when_told(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int now = ++witness->count[0], most = witness->count[1];

	while (now > most && !atomic_compare_exchange_weak(&witness->count[1], &most, now))
		continue;
	while (witness->go == 0 && brood_sleep(conn, 5) == 0)
		continue;
	witness->count[0]--;
	return brood_printf(conn, "served");
}

static void tick(void *app)
{
	((struct witness *)app)->count[2]++;
}

static void connect_all(struct cell *cell, int fds[CLIENTS])
{
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(cell);
		client_say(fds[i], "?");
	}
}

static void all_are_served(struct cell *cell, int fds[CLIENTS])
{
	cell->witness->go = 1;
	for (int i = 0; i < CLIENTS; i++) {
		client_expect(fds[i], "served");
		client_close(fds[i]);
	}
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "accepted"), CLIENTS);
	CHECK_INT(cell_log_number(cell, "ended"), CLIENTS);
	CHECK_INT(cell_log_number(cell, "refused"), 0);
	/* Iterative serves its first client before the listeners are in its loop: it may not have met the others. */
	if (cell->model->model != BROOD_ITERATIVE)
		CHECK(cell_log_number(cell, "pauses") >= 1);
}

static void beyond_the_bound_clients_wait_and_are_then_served(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = answer_when_told } };
	int bound = cell_bound(cell, &service, BOUND);
	int fds[CLIENTS];

	cell_serve(cell, &service);
	connect_all(cell, fds);
	WAIT_FOR(cell->witness->count[0] == bound);
	client_expect_nothing(fds[CLIENTS - 1], 100);
	all_are_served(cell, fds);
	CHECK_INT(cell->witness->count[1], bound);
}

static void at_the_bound_the_loop_is_alive(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = answer_when_told, .tick = tick } };
	int bound = cell_bound(cell, &service, BOUND);
	int fds[CLIENTS];

	cell_serve(cell, &service);
	connect_all(cell, fds);
	WAIT_FOR(cell->witness->count[0] == bound);
	cell->witness->count[2] = 0;
	WAIT_FOR(cell->witness->count[2] >= 1);
	all_are_served(cell, fds);
}

/* Waiting clients cost nothing: no descriptor is asked again and again whether it may be accepted now. */
static void a_pause_burns_no_processor_time(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = answer_when_told } };
	int bound = cell_bound(cell, &service, BOUND);
	int fds[CLIENTS];
	char path[64];
	unsigned long before[2], after[2];

	cell_serve(cell, &service);
	connect_all(cell, fds);
	WAIT_FOR(cell->witness->count[0] == bound);
	snprintf(path, sizeof path, "/proc/%d/stat", (int)cell->engine);
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(path, "re");
		unsigned long *ticks = i == 0 ? before : after;

		CHECK(file);
		CHECK(fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ticks[0],
			      &ticks[1]) == 2);
		fclose(file);
		if (i == 0)
			cell_sleep_ms(500);
	}
	/* In hundredths of a second, of 50. The handlers poll each 5 ms, too. */
	CHECK(after[0] + after[1] - before[0] - before[1] <= 15);
	all_are_served(cell, fds);
}

static void forbid_workers(bool forbid)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		_exit(EXIT_FAILURE);
	limit.rlim_cur = forbid ? 0 : limit.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &limit) < 0)
		_exit(EXIT_FAILURE);
}

/* In the engine's process, engine started: a user whom the limit holds for, then the limit, then none. */
static int drive_without_workers(struct cell *cell, struct brood *engine)
{
	struct witness *witness = cell->witness;
	int r = 1;

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresuid(UID_OF_ITS_OWN, UID_OF_ITS_OWN, 0) < 0))
		_exit(EXIT_FAILURE);
	forbid_workers(true);
	witness->count[3] = 1;
	while (r > 0 && witness->count[4] == 0)
		r = brood_run_once(engine, 10);
	forbid_workers(false);
	/* The socket's path is root's. */
	if (getuid() != 0 && seteuid(0) == 0 && setresuid(0, 0, 0) < 0)
		_exit(EXIT_FAILURE);
	return r < 0 ? r : brood_run(engine);
}

static int answer(struct brood_conn *conn, void *app)
{
	(void)app;
	witness_hear(conn);
	return brood_printf(conn, "served");
}

static bool refuses_without_workers(const struct cell *cell)
{
	return cell->model->refusal != NULL;
}

static void without_workers_clients_are_refused_politely(struct cell *cell)
{
	int fd;

	cell->drive = drive_without_workers;
	cell_serve(cell,
		&(struct brood_service){ .refusal = "busy\n", .refusal_size = 5, .handler = { .handle = answer } });
	WAIT_FOR(cell->witness->count[3] == 1);
	fd = client_connect(cell);
	client_say(fd, "?");
	if (!cell->transport->datagram) {
		client_expect(fd, "busy\n");
		client_expect_over(fd);
	}
	client_close(fd);
	WAIT_FOR(cell_logged(cell, cell->model->refusal));
	CHECK(cell_logged(cell, "accepting pauses"));
	cell->witness->count[4] = 1;
	client_ask(cell, "?", "served");
	cell_stop(cell);
	CHECK(cell_log_number(cell, "refused") >= 1);
	CHECK(cell_log_number(cell, "worker_errors") >= cell_log_number(cell, "refused"));
}

/* It takes its answers, too, so that its handler always has something to read and never has to wait. */
static _Noreturn void flood(int fd)
{
	static char block[65536];

	while (send(fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 || errno == EAGAIN)
		while (recv(fd, block, sizeof block, MSG_DONTWAIT) > 0)
			continue;
	_exit(EXIT_SUCCESS);
}

/* Slower than any client sends. */
static int echo_bytes(struct brood_conn *conn, void *app)
{
	ssize_t n;
	char byte;
	int r;

	(void)app;
	while ((n = brood_read(conn, &byte, 1)) > 0)
		if ((r = brood_write(conn, &byte, 1)) < 0)
			return r;
	return (int)n;
}

static void who_never_stops_sending_keeps_nobody_else_waiting(struct cell *cell)
{
	struct brood_service service = { .handler = { .handle = echo_bytes } };
	long long began_ms;
	int fd;
	pid_t pid;

	cell_bound(cell, &service, 2);
	cell_serve(cell, &service);
	fd = client_connect(cell);
	client_say(fd, "x");
	client_expect(fd, "x");
	pid = fork();
	if (pid == 0)
		flood(fd);
	CHECK(pid > 0);
	began_ms = cell_now_ms();
	for (int i = 0; i < 10; i++)
		client_ask(cell, "?", "?");
	/* Where threads and processes are the kernel's to alternate, it does. */
	CHECK(!cell->model->many || cell_now_ms() - began_ms < PATIENCE_MS / 2);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	client_reset(fd);
}

const struct contract_case cases_bound[] = {
	CASE(KIND_BOTH, beyond_the_bound_clients_wait_and_are_then_served),
	CASE_WHERE(cell_is_bounded, KIND_BOTH, at_the_bound_the_loop_is_alive),
	CASE_WHERE(cell_is_bounded, KIND_STREAMS, who_never_stops_sending_keeps_nobody_else_waiting),
	CASE(KIND_BOTH, a_pause_burns_no_processor_time),
	CASE_WHERE(refuses_without_workers, KIND_BOTH, without_workers_clients_are_refused_politely),
	{ 0 },
};
