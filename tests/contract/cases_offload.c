/* SPDX-License-Identifier: MIT */
/* Functions that block: they run aside where a worker serves many, and whoever asked for them waits. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define SHORT_MS 150
#define THREADS  8 /* as brood_offload says */
#define EXTRA    5

/* What counts mean here. */
enum {
	CALLED,  /* functions that began … */
	AT_ONCE, /* … and have not returned */
	MOST_AT_ONCE,
	FIRST,       /* what a call answered … */
	SECOND,      /* … and the next one */
	FAR_AWAY,    /* 1: not in the handler's thread */
	UNSIGNALLED, /* 1: no signal is delivered there */
	CRASHING,    /* 1: whoever is to crash may */
};

static bool serves_many(const struct cell *cell)
{
	return cell->model->many;
}

struct sum {
	int a, b, result;
	pthread_t caller;
	struct witness *witness;
};

static void add(void *arg)
{
	struct sum *sum = arg;
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	sum->witness->count[FAR_AWAY] = !pthread_equal(pthread_self(), sum->caller);
	sum->witness->count[UNSIGNALLED] = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGUSR1) == 1;
	sum->result = sum->a + sum->b;
}

static int answer_sum(struct brood_conn *conn, void *app)
{
	struct sum sum = { .a = 40, .b = 2, .caller = pthread_self(), .witness = app };
	int r = brood_offload(conn, add, &sum);

	return r < 0 ? r : brood_printf(conn, "%d", sum.result);
}

static void the_result_of_an_offloaded_function_is_seen(struct cell *cell)
{
	struct witness *witness = cell->witness;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_sum } });
	for (int i = 0; i < 3; i++)
		client_ask(cell, "?", "42");
	CHECK_INT(witness->count[FAR_AWAY], cell->model->many);
	if (cell->model->many)
		CHECK_INT(witness->count[UNSIGNALLED], 1);
}

static void crash(void *arg)
{
	struct witness *witness = arg;

	witness->count[CALLED]++;
	while (witness->count[CRASHING] == 0)
		cell_sleep_ms(1);
	abort();
}

/* Until it is told to go on. */
static void block(void *arg)
{
	struct witness *witness = arg;
	int now, most = witness->count[MOST_AT_ONCE];

	witness->count[CALLED]++;
	now = ++witness->count[AT_ONCE];
	while (now > most && !atomic_compare_exchange_weak(&witness->count[MOST_AT_ONCE], &most, now))
		continue;
	witness_wait(witness, 1);
	witness->count[AT_ONCE]--;
}

/* 'b': its function blocks; 'p': and has all the time it wants; 'c': it crashes. */
static int block_or_not(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char how = '?';
	int r;

	brood_read(conn, &how, 1);
	if (how == '?')
		return brood_printf(conn, "served");
	if (how == 'p')
		brood_conn_deadline(conn, BROOD_DEADLINE_REQUEST, BROOD_OFF);
	r = brood_offload(conn, how == 'c' ? crash : block, app);
	witness->count[FIRST] = r;
	r = brood_printf(conn, "served");
	witness->count[SECOND] = r;
	return r;
}

static int client_that_says(struct cell *cell, const char *text)
{
	int fd = client_connect(cell);

	client_say(fd, text);
	return fd;
}

static void serve_blocking(struct cell *cell, int bound, int request_ms)
{
	struct brood_service service = { .request_timeout_ms = request_ms,
		.handler = { .handle = block_or_not, .finish = witness_finish } };

	cell_bound(cell, &service, bound);
	cell_serve(cell, &service);
}

static void expect_served(int fd)
{
	client_expect(fd, "served");
	client_close(fd);
}

static void others_are_served_meanwhile(struct cell *cell)
{
	int fd;

	serve_blocking(cell, THREADS, BROOD_OFF);
	fd = client_that_says(cell, "b");
	WAIT_FOR(cell->witness->count[CALLED] == 1);
	for (int i = 0; i < 10; i++)
		client_ask(cell, "?", "served");
	CHECK_INT(cell->witness->count[AT_ONCE], 1);
	cell->witness->go = 1;
	expect_served(fd);
}

static void more_than_there_are_threads_wait_and_are_then_served(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int fds[THREADS + EXTRA];

	serve_blocking(cell, THREADS + EXTRA + 1, BROOD_OFF);
	/* One that serves one at a time has no room for all of them in its queue. */
	witness->go = !cell->model->many;
	for (int i = 0; i < THREADS + EXTRA; i++)
		fds[i] = client_that_says(cell, "b");
	if (cell->model->many) {
		WAIT_FOR(witness->count[CALLED] == THREADS);
		/* All the others are waiting in that worker by now, as this one was. */
		client_ask(cell, "?", "served");
		cell_sleep_ms(SHORT_MS);
		CHECK_INT(witness->count[CALLED], THREADS);
	}
	witness->go = 1;
	for (int i = 0; i < THREADS + EXTRA; i++)
		expect_served(fds[i]);
	CHECK_INT(witness->count[CALLED], THREADS + EXTRA);
	CHECK_INT(witness->count[AT_ONCE], 0);
	if (cell->model->many)
		CHECK_INT(witness->count[MOST_AT_ONCE], THREADS);
}

static void a_deadline_that_passes_ends_the_client_at_once_and_the_handler_later(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int fd;

	serve_blocking(cell, 4, SHORT_MS);
	fd = client_that_says(cell, "b");
	WAIT_FOR(witness->count[CALLED] == 1);
	if (cell->model->expires && !cell->transport->datagram)
		client_expect_over(fd);
	else
		cell_sleep_ms(2 * SHORT_MS);
	CHECK_INT(witness->count[AT_ONCE], 1);
	CHECK_INT(witness->finished, 0);
	witness->go = 1;
	WAIT_FOR(witness->finished == 1);
	CHECK_TEXT(witness->reason, "request-timeout");
	CHECK_INT(witness->count[FIRST], 0);
	CHECK_INT(witness->count[SECOND], -ETIMEDOUT);
	client_close(fd);
	client_ask(cell, "?", "served");
}

static void a_function_whose_time_passes_before_its_turn_is_not_called(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int patient[THREADS], fd;

	serve_blocking(cell, THREADS + 1, SHORT_MS);
	for (int i = 0; i < THREADS; i++)
		patient[i] = client_that_says(cell, "p");
	WAIT_FOR(witness->count[CALLED] == THREADS);
	fd = client_that_says(cell, "b");
	WAIT_FOR(witness->finished == 1);
	CHECK_TEXT(witness->reason, "request-timeout");
	CHECK_INT(witness->count[FIRST], -ETIMEDOUT);
	CHECK_INT(witness->count[SECOND], -ETIMEDOUT);
	client_close(fd);
	witness->go = 1;
	for (int i = 0; i < THREADS; i++)
		expect_served(patient[i]);
	CHECK_INT(witness->count[CALLED], THREADS);
}

static void a_drain_waits_for_it(struct cell *cell)
{
	int fd;

	serve_blocking(cell, 4, BROOD_OFF);
	fd = client_that_says(cell, "b");
	WAIT_FOR(cell->witness->count[CALLED] == 1);
	cell_signal(cell);
	cell_sleep_ms(SHORT_MS);
	CHECK_INT(cell->witness->over, 0);
	cell->witness->go = 1;
	expect_served(fd);
	cell_join(cell);
}

static void a_function_that_never_returns_does_not_outlast_the_drain(struct cell *cell)
{
	struct brood_service service = { .drain_timeout_ms = SHORT_MS, .handler = { .handle = block_or_not } };
	int fd;

	cell_serve(cell, &service);
	fd = client_that_says(cell, "b");
	WAIT_FOR(cell->witness->count[CALLED] == 1);
	cell_signal(cell);
	cell_join(cell);
	client_close(fd);
}

/* Nobody's handler ran: whose function it was the service process cannot know. */
static void a_crash_in_it_ends_its_worker_and_nobody_is_blamed(struct cell *cell)
{
	int bystander, fd;

	serve_blocking(cell, 4, BROOD_OFF);
	bystander = client_that_says(cell, "b");
	fd = client_that_says(cell, "c");
	WAIT_FOR(cell->witness->count[CALLED] == 2);
	client_ask(cell, "?", "served");
	WAIT_FOR(cell_logged(cell, "reason=finished"));
	cell->witness->count[CRASHING] = 1;
	WAIT_FOR(cell_logged(cell, "signal 6"));
	if (!cell->transport->datagram)
		client_expect_over(fd);
	client_close(fd);
	client_close(bystander);
	client_ask(cell, "?", "served");
	cell_stop(cell);
	CHECK(cell_logged(cell, "reason=worker-lost"));
	CHECK(!cell_logged(cell, "reason=handler-crashed"));
}

/* ---- Forks ---- */

static void fork_and_return(void *arg)
{
	pid_t *child = arg;

	*child = fork();
}

static int offload_a_fork(struct brood_conn *conn, void *app)
{
	pid_t child = -1;
	int status = 0, r = brood_offload(conn, fork_and_return, &child);

	(void)app;
	if (r < 0 || child < 0 || waitpid(child, &status, 0) != child)
		return -EIO;
	return brood_printf(conn, "%d", WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
}

static void a_child_that_returns_from_it_ends_there(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = offload_a_fork } });
	for (int i = 0; i < 3; i++)
		client_ask(cell, "?", "1");
}

static void increment(void *arg)
{
	++*(int *)arg;
}

/* In a child of the handler's own, which has none of the worker's threads, and not its loop. */
static int call_in_child(struct brood_conn *conn)
{
	int ends[2], number = 1;

	if (brood_offload(conn, increment, &number) < 0 || number != 2 || pipe(ends) < 0)
		return EXIT_FAILURE;
	return brood_wait_fd(conn, ends[0], POLLIN, 1) == -ETIMEDOUT ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int fork_and_call(struct brood_conn *conn, void *app)
{
	int number = 0, status = 0;
	pid_t child;

	(void)app;
	if (brood_offload(conn, increment, &number) < 0)
		return -EIO;
	child = fork();
	if (child == 0)
		_exit(call_in_child(conn));
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -EIO;
	return brood_printf(conn, "%d", WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static void a_child_of_the_handler_waits_by_itself(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = fork_and_call } });
	for (int i = 0; i < 3; i++)
		client_ask(cell, "?", "1");
}

const struct contract_case cases_offload[] = {
	CASE(KIND_BOTH, the_result_of_an_offloaded_function_is_seen),
	CASE_WHERE(serves_many, KIND_BOTH, others_are_served_meanwhile),
	CASE(KIND_BOTH, more_than_there_are_threads_wait_and_are_then_served),
	CASE(KIND_BOTH, a_deadline_that_passes_ends_the_client_at_once_and_the_handler_later),
	CASE_WHERE(serves_many, KIND_BOTH, a_function_whose_time_passes_before_its_turn_is_not_called),
	CASE(KIND_BOTH, a_drain_waits_for_it),
	CASE_WHERE(serves_many, KIND_BOTH, a_function_that_never_returns_does_not_outlast_the_drain),
	CASE_WHERE(serves_many, KIND_BOTH, a_crash_in_it_ends_its_worker_and_nobody_is_blamed),
	CASE_WHERE(serves_many, KIND_BOTH, a_child_that_returns_from_it_ends_there),
	CASE_WHERE(serves_many, KIND_BOTH, a_child_of_the_handler_waits_by_itself),
	{ 0 },
};
