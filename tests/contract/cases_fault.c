/* SPDX-License-Identifier: MIT */
/* Handlers that misbehave: whom it costs what. Where workers are processes: their own client, and nobody else. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define EXIT_STATUS 7

static struct witness *atexit_witness;

static void count_exit(void)
{
	atexit_witness->count[15]++;
}

static void prepare(struct cell *cell)
{
	atexit_witness = cell->witness;
	if (atexit(count_exit) != 0)
		_exit(EXIT_FAILURE);
	/* Sanitizers would make a report and an exit of their own of these. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
}

/* The first byte says what to do. */
static int misbehave(struct brood_conn *conn, void *app)
{
	volatile int *volatile nowhere = (volatile int *)64;
	char what = '?';

	(void)app;
	brood_read(conn, &what, 1);
	if (what == 'e')
		exit(EXIT_STATUS);
	if (what == 'a')
		abort();
	if (what == 's')
		*nowhere = 1;
	witness_hear(conn);
	return brood_printf(conn, "%c", what);
}

/* Documented (promise 1): it is spared, unless it has the same worker. */
static void see_what_became_of(struct cell *cell, int other)
{
	if (cell->model->isolated) {
		client_finish(other);
		client_expect(other, "w");
	} else {
		client_expect_over(other);
		WAIT_FOR(cell_logged(cell, "reason=worker-lost"));
	}
	client_close(other);
}

/* One client makes its handler misbehave while another is being served. */
static int let_it_misbehave(struct cell *cell, const char *how, const char *reason)
{
	struct brood_service service = { .handler = { .handle = misbehave } };
	int other = -1, fd;

	cell->prepare = prepare;
	cell_bound(cell, &service, 4);
	cell_serve(cell, &service);
	/* Datagrams and one-at-a-time models: the other one is simply the next. */
	if (cell->model->processes && !cell->transport->datagram) {
		other = client_connect(cell);
		client_say(other, "wait");
	}
	fd = client_connect(cell);
	client_say(fd, how);
	if (!cell->model->processes) {
		/* Documented (promise 1): under models whose workers share the process this is the process's end. */
		int status = cell_join_dead(cell);

		client_close(fd);
		return status;
	}
	WAIT_FOR(cell_logged(cell, reason));
	if (!cell->transport->datagram) {
		client_expect_over(fd);
		see_what_became_of(cell, other);
	}
	client_close(fd);
	client_ask(cell, "next", "n");
	cell_stop(cell);
	return -1;
}

static void exit_in_a_handler_is_the_end_of_its_worker(struct cell *cell)
{
	int status = let_it_misbehave(cell, "exit", "reason=handler-exited");

	if (cell->model->processes)
		CHECK(cell_logged(cell, "exit 7"));
	else
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_STATUS);
	/* What the program registered runs in the program, once. */
	CHECK_INT(cell->witness->count[15], 1);
}

static void abort_in_a_handler_is_the_end_of_its_worker(struct cell *cell)
{
	int status = let_it_misbehave(cell, "abort", "reason=handler-crashed");

	if (cell->model->processes)
		CHECK(cell_logged(cell, "signal 6"));
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void a_crash_in_a_handler_is_the_end_of_its_worker(struct cell *cell)
{
	int status = let_it_misbehave(cell, "segv", "reason=handler-crashed");
	if (cell->model->processes)
		CHECK(cell_logged(cell, "signal 11"));
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* fork(2) as one would write it without brood_fork, and both return. */
static int fork_and_return(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int status = 0;
	pid_t pid;

	witness_hear(conn);
	pid = fork();
	if (pid == 0)
		return 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	witness->count[0] = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return brood_printf(conn, "parent");
}

static void a_stray_child_ends_with_a_line_and_its_worker_goes_on(struct cell *cell)
{
	cell_serve(
		cell, &(struct brood_service){ .handler = { .handle = fork_and_return, .finish = witness_finish } });
	client_ask(cell, "?", "parent");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK(cell->witness->count[0] > 0);
	CHECK(cell_logged(cell, "a child forked by the handler returned"));
	client_ask(cell, "?", "parent");
}

/* Exactly what BROOD_STACK_KIB promises, every byte of it used, and calls of brood's on top. */
static int use_the_stack(struct brood_conn *conn, void *app)
{
	volatile char stack[BROOD_STACK_KIB * 1024];
	char line[64];
	ssize_t n;

	(void)app;
	for (size_t i = 0; i < sizeof stack; i++)
		stack[i] = (char)i;
	n = brood_readline(conn, line, sizeof line);
	if (n < 0)
		return (int)n;
	brood_logf(conn, BROOD_INFO, "deep down: %s", line);
	return brood_printf(conn, "%c %.3f %s", stack['x'], 0.5, line);
}

static void a_handler_has_64_kib_of_stack(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = use_the_stack } });
	client_ask(cell, "line\n", "x 0.500 line\n");
}

static int use_much_stack(struct brood_conn *conn, void *app)
{
	volatile char stack[3 * 1024 * 1024]; /* libraries take theirs of it: thread-local storage */

	(void)app;
	witness_hear(conn);
	for (size_t i = 0; i < sizeof stack; i++)
		stack[i] = (char)i;
	return brood_printf(conn, "%c", stack['x']);
}

static void stack_kib_gives_more(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .stack_kib = 4096, .handler = { .handle = use_much_stack } });
	client_ask(cell, "?", "x");
}

/* Where stacks are small enough to be used up, and nobody else looks for it. */
static bool has_small_stacks(const struct cell *cell)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)cell;
	return false;
#else
	return cell->model->many;
#endif
}

static int dig(volatile int *depth)
{
	volatile char frame[512];

	frame[0] = (char)++*depth;
	return *depth < 0 ? 0 : dig(depth) + frame[0];
}

static int dig_without_end(struct brood_conn *conn, void *app)
{
	volatile int depth = 0;
	char how = '?';

	(void)app;
	brood_read(conn, &how, 1);
	return how == 'd' ? dig(&depth) : brood_printf(conn, "served");
}

static void who_uses_up_the_stack_is_told_as_such(struct cell *cell)
{
	int fd;

	cell->prepare = prepare;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = dig_without_end } });
	fd = client_connect(cell);
	client_say(fd, "d");
	WAIT_FOR(cell_logged(cell, "reason=stack-overflow"));
	CHECK(cell_logged(cell, "signal 11"));
	client_close(fd);
	client_ask(cell, "?", "served");
}

const struct contract_case cases_fault[] = {
	CASE(KIND_BOTH, exit_in_a_handler_is_the_end_of_its_worker),
	CASE(KIND_BOTH, abort_in_a_handler_is_the_end_of_its_worker),
	CASE(KIND_BOTH, a_crash_in_a_handler_is_the_end_of_its_worker),
	CASE(KIND_BOTH, a_stray_child_ends_with_a_line_and_its_worker_goes_on),
	CASE(KIND_BOTH, a_handler_has_64_kib_of_stack),
	CASE(KIND_BOTH, stack_kib_gives_more),
	CASE_WHERE(has_small_stacks, KIND_BOTH, who_uses_up_the_stack_is_told_as_such),
	{ 0 },
};
