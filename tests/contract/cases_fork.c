/* SPDX-License-Identifier: MIT */
/* brood_fork: the handler goes on in a child that owns the connection; its worker is free. And fork(2) without brood. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

/* What an iterative service leaves to children at once. */
#define ITERATIVE_FORKS 40

/* Answers in a child, when told to. count: [0] children, [1] workers that returned, [2] the last refusal. */
static int answer_in_a_child(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int r = brood_fork(conn);

	if (r < 0) {
		witness->count[2] = r;
		witness_hear(conn);
		return brood_printf(conn, "refused");
	}
	if (r > 0) {
		witness->count[1]++;
		return 0;
	}
	witness->count[0]++;
	while (witness->go == 0 && brood_sleep(conn, 5) == 0)
		continue;
	return brood_printf(conn, "child");
}

static bool can_fork(const struct cell *cell)
{
	return cell->model->forks;
}

static bool cannot_fork(const struct cell *cell)
{
	return !cell->model->forks || cell->transport->datagram;
}

static void fork_is_refused_where_it_cannot_be(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_in_a_child } });
	client_ask(cell, "?", "refused");
	CHECK_INT(cell->witness->count[2], -EOPNOTSUPP);
}

static void the_child_answers_and_the_worker_is_free_at_once(struct cell *cell)
{
	int first, second;

	cell_serve(cell,
		&(struct brood_service){ .handler = { .handle = answer_in_a_child, .finish = witness_finish } });
	first = client_connect(cell);
	second = client_connect(cell);
	/* Both are with a child before any is answered: also where one client is served at a time. */
	WAIT_FOR(cell->witness->count[0] == 2 && cell->witness->count[1] == 2);
	client_expect_nothing(first, 50);
	cell->witness->go = 1;
	client_expect(second, "child");
	client_expect_end(second);
	client_expect(first, "child");
	client_expect_end(first);
	client_close(first);
	client_close(second);
	WAIT_FOR(cell->witness->finished == 2); /* in the children, and nowhere else */
	cell_stop(cell);
	CHECK_INT(cell->witness->finished, 2);
	CHECK_TEXT(cell->witness->reason, "finished");
	CHECK_INT(cell_log_number(cell, "ended"), 2);
}

static void say_deferred(void *app)
{
	witness_say(app, 'd');
}

static int hand_over_everything(struct brood_conn *conn, void *app)
{
	FILE *file = brood_file(conn);
	int r;

	fprintf(file, "before ");
	brood_defer(conn, say_deferred, app);
	r = brood_fork(conn);
	if (r == 0 && witness_hear(conn) == 0)
		fprintf(file, "after");
	return r < 0 ? r : 0;
}

static void what_belongs_to_the_connection_goes_with_it_once(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = hand_over_everything } });
	client_ask(cell, "?", "before after");
	cell_stop(cell);
	CHECK_TEXT(cell->witness->order, "d");
}

static void as_many_as_allowed_and_no_more(struct cell *cell)
{
	int fds[ITERATIVE_FORKS + 1];
	struct brood_service service = { .handler = { .handle = answer_in_a_child } };
	int bound = cell->model->bound ? cell_bound(cell, &service, 3) : ITERATIVE_FORKS;

	cell_serve(cell, &service);
	for (int i = 0; i <= bound; i++)
		fds[i] = client_connect(cell);
	WAIT_FOR(cell->witness->count[0] == bound);
	/* A worker that is a process waits for its child, so the bound of workers holds for both. */
	if (cell->model->isolated) {
		client_expect_nothing(fds[bound], 100);
	} else {
		client_finish(fds[bound]);
		client_expect(fds[bound], "refused");
	}
	CHECK_INT(cell->witness->count[2], cell->model->isolated ? 0 : -EAGAIN);
	cell->witness->go = 1;
	for (int i = 0; i < bound; i++) {
		client_expect(fds[i], "child");
		client_close(fds[i]);
	}
	if (cell->model->isolated)
		client_expect(fds[bound], "child");
	client_close(fds[bound]);
}

static int crash_in_a_child(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char how = '?';
	int r;

	brood_read(conn, &how, 1);
	r = brood_fork(conn);
	if (r == 0 && how == 'a')
		abort();
	if (r == 0 && how == 'e')
		exit(3);
	witness->count[r == 0]++;
	return r < 0 ? r : 0;
}

static void a_child_that_dies_is_held_and_told_apart(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = crash_in_a_child } });
	fd = client_connect(cell);
	client_say(fd, "abort");
	client_expect_over(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "reason=handler-crashed"));
	fd = client_connect(cell);
	client_say(fd, "exit");
	client_expect_over(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "reason=handler-exited"));
}

static void a_child_past_its_deadline_is_ended(struct cell *cell)
{
	int fd;

	/* It ends by itself, because its connection does; a busy machine shall not kill it before it has seen that. */
	cell_serve(cell, &(struct brood_service){ .total_timeout_ms = 150,
				 .kill_after_ms = 10000,
				 .handler = { .handle = answer_in_a_child, .finish = witness_finish } });
	fd = client_connect(cell);
	client_expect_over(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "total-timeout");
}

static void a_second_stop_ends_children_too(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_in_a_child } });
	fd = client_connect(cell);
	WAIT_FOR(cell->witness->count[0] == 1 && cell->witness->count[1] == 1);
	cell_signal(cell);
	client_expect_nothing(fd, 100); /* drain waits for what was started */
	cell_signal(cell);
	client_expect_over(fd);
	client_close(fd);
	cell_join(cell);
}

static int fork_twice(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int r = brood_fork(conn);

	if (r != 0)
		return r < 0 ? r : 0;
	r = brood_fork(conn);
	if (r > 0)
		return 0;
	witness->count[2] = r;
	witness_hear(conn);
	return brood_printf(conn, r == 0 ? "grandchild" : "child");
}

/* Either is fine, but nobody is lost and nobody is answered twice. */
static void a_child_may_ask_again(struct cell *cell)
{
	char answer[64] = "";
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = fork_twice } });
	fd = client_connect(cell);
	client_finish(fd);
	client_read_all(fd, answer, sizeof answer - 1);
	if (cell->witness->count[2] == 0)
		CHECK_TEXT(answer, "grandchild");
	else
		CHECK_TEXT(answer, "child");
	CHECK(cell->witness->count[2] == 0 || cell->witness->count[2] == -EOPNOTSUPP);
	client_close(fd);
	client_ask(cell, "", answer);
}

/* Says in a child of its own what it hears there. count: [0] children. */
static int echo_in_a_stray(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char heard[16];
	ssize_t n = brood_read(conn, heard, sizeof heard);
	int status = 0;
	pid_t child;

	if (n <= 0)
		return (int)n;
	child = fork();
	if (child == 0) {
		while ((n = brood_read(conn, heard, sizeof heard)) > 0 && brood_write(conn, heard, (size_t)n) == 0)
			continue;
		_exit(n == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	witness->count[0]++;
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -errno;
	return brood_printf(conn, status == 0 ? "parent" : "failure");
}

static void a_child_of_fork_2_goes_on_reading(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = echo_in_a_stray } });
	fd = client_connect(cell);
	client_say(fd, "to the parent");
	WAIT_FOR(cell->witness->count[0] == 1);
	for (int i = 0; i < 3; i++) {
		cell_sleep_ms(20); /* so that it has to wait */
		client_say(fd, "to the child");
		client_expect(fd, "to the child");
	}
	client_finish(fd);
	client_expect(fd, "parent");
	client_expect_end(fd);
	client_close(fd);
}

const struct contract_case cases_fork[] = {
	CASE_WHERE(cannot_fork, KIND_BOTH, fork_is_refused_where_it_cannot_be),
	CASE_WHERE(can_fork, KIND_STREAMS, the_child_answers_and_the_worker_is_free_at_once),
	CASE_WHERE(can_fork, KIND_STREAMS, what_belongs_to_the_connection_goes_with_it_once),
	CASE_WHERE(can_fork, KIND_STREAMS, as_many_as_allowed_and_no_more),
	CASE_WHERE(can_fork, KIND_STREAMS, a_child_that_dies_is_held_and_told_apart),
	CASE_WHERE(can_fork, KIND_STREAMS, a_child_past_its_deadline_is_ended),
	CASE_WHERE(can_fork, KIND_STREAMS, a_second_stop_ends_children_too),
	CASE_WHERE(can_fork, KIND_STREAMS, a_child_may_ask_again),
	CASE_WHERE(cell_has_processes, KIND_STREAMS, a_child_of_fork_2_goes_on_reading),
	{ 0 },
};
