/* SPDX-License-Identifier: MIT */
/* BROOD_AGAIN: a conversation of many requests, parked in between. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

/* One line per call; "bye" ends it. */
static int answer_one_line(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int *lines = brood_conn_state(conn);
	char line[64];
	ssize_t n = brood_readline(conn, line, sizeof line);
	int r;

	witness->count[0]++;
	if (n <= 0)
		return (int)n;
	r = brood_printf(conn, "%d:%s", ++*lines, line);
	if (r < 0)
		return r;
	return line[0] == 'b' ? 0 : BROOD_AGAIN;
}

static const struct brood_handler lines = { .handle = answer_one_line, .finish = witness_finish };

static void handle_is_called_for_each_message_and_the_state_is_kept(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .state_size = sizeof(int), .handler = lines });
	fd = client_connect(cell);
	client_say(fd, "one\n");
	client_expect(fd, "1:one\n");
	client_say(fd, "two\n");
	client_expect(fd, "2:two\n");
	client_say(fd, "bye\n");
	client_expect(fd, "3:bye\n");
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_INT(cell->witness->requests, 3);
	CHECK_INT(cell->witness->count[0], 3);
	client_ask(cell, "bye\n", "1:bye\n"); /* a state of its own */
}

static void pipelined_messages_need_no_readable_descriptor(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .state_size = sizeof(int), .handler = lines });
	fd = client_connect(cell);
	client_say(fd, "a\nc\ne\nbye\n");
	client_expect(fd, "1:a\n2:c\n3:e\n4:bye\n");
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_INT(cell->witness->requests, 4);
}

static void the_end_of_input_calls_handle_once_more(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .state_size = sizeof(int), .handler = lines });
	fd = client_connect(cell);
	client_say(fd, "one\n");
	client_expect(fd, "1:one\n");
	client_finish(fd);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_INT(cell->witness->count[0], 2);
	CHECK_TEXT(cell->witness->reason, "finished");
}

static void a_parked_connection_is_closed_at_drain(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .state_size = sizeof(int), .handler = lines });
	fd = client_connect(cell);
	client_say(fd, "one\n");
	client_expect(fd, "1:one\n");
	cell_signal(cell);
	client_expect_end(fd);
	client_close(fd);
	cell_join(cell);
	CHECK_TEXT(cell->witness->reason, "drained");
	CHECK_INT(cell->witness->error, 0);
	CHECK_INT(cell->witness->count[0], 1);
	CHECK(cell_logged(cell, "reason=drained"));
}

#define PARKED 8

/* count: [1] who serves them: so many processes, and behind it their pids. */
static int answer_and_be_known(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int pid = (int)getpid(), count = witness->count[1], known = 0;

	while (known < count && witness->count[2 + known] != pid)
		known++;
	if (known == count) {
		witness->count[2 + count] = pid;
		witness->count[1]++;
	}
	return answer_one_line(conn, app);
}

/* Not to the engine's own process. */
static void signal_workers(const struct cell *cell, int number)
{
	for (int i = 0; i < cell->witness->count[1] && cell->model->processes; i++)
		CHECK(kill(cell->witness->count[2 + i], number) == 0);
}

static void what_a_parked_client_said_before_the_stop_is_answered(struct cell *cell)
{
	struct brood_service service = { .state_size = sizeof(int), .handler = { .handle = answer_and_be_known } };
	int bound = cell_bound(cell, &service, PARKED);
	int fds[PARKED];

	cell_serve(cell, &service);
	for (int i = 0; i < bound; i++) {
		fds[i] = client_connect(cell);
		client_say(fds[i], "one\n");
		client_expect(fds[i], "1:one\n");
	}
	/* A worker finds both at once, the request and the stop. */
	signal_workers(cell, SIGSTOP);
	for (int i = 0; i < bound; i++)
		client_say(fds[i], "two\n");
	cell_signal(cell);
	cell_sleep_ms(100);
	signal_workers(cell, SIGCONT);
	for (int i = 0; i < bound; i++) {
		client_expect(fds[i], "2:two\n");
		client_expect_end(fds[i]);
		client_close(fds[i]);
	}
	cell_join(cell);
	CHECK_INT(cell_log_number(cell, "unfinished"), 0);
}

/* R25: as many clients as there are places never stop to ask, and never leave. Whoever comes next is served all the same. */
static void who_keeps_asking_gives_way_to_who_waits(struct cell *cell)
{
	struct brood_service service = { .state_size = sizeof(int), .handler = lines };
	int bound = cell_bound(cell, &service, 2);
	char answers[256];
	int fds[2], late;

	cell_serve(cell, &service);
	for (int i = 0; i < bound; i++) {
		fds[i] = client_connect(cell);
		client_say(fds[i], "one\n");
		client_expect(fds[i], "1:one\n");
	}
	late = client_connect(cell);
	client_say(late, "bye\n");
	/* Some are parked, the first one always has a question ready. */
	for (int i = 0; i < PATIENCE_MS && cell->witness->finished == 0; i++) {
		client_try_say(fds[0], "more\n");
		recv(fds[0], answers, sizeof answers, MSG_DONTWAIT); /* else it would be waited for to take them */
		cell_sleep_ms(1);
	}
	client_expect(late, "1:bye\n");
	client_expect_end(late);
	WAIT_FOR(cell_logged(cell, "reason=gave-way"));
	for (int i = 0; i < bound; i++)
		client_close(fds[i]);
	client_close(late);
}

static void a_parked_client_that_falls_silent_is_idle_timeout(struct cell *cell)
{
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .state_size = sizeof(int), .idle_timeout_ms = 150, .handler = lines });
	fd = client_connect(cell);
	client_say(fd, "one\n");
	client_expect(fd, "1:one\n");
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "idle-timeout");
	CHECK_INT(cell->witness->count[0], 1);
}

static int always_again(struct brood_conn *conn, void *app)
{
	(void)app;
	brood_printf(conn, "never sent");
	return BROOD_AGAIN;
}

static void again_is_an_error_for_a_datagram(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = always_again, .finish = witness_finish } });
	fd = client_connect(cell);
	client_say(fd, "?");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "handler-failed");
	CHECK_INT(cell->witness->error, -EINVAL);
	client_expect_nothing(fd, 50);
	client_close(fd);
}

static int count_setup(struct brood_conn *conn, void *app)
{
	(void)conn;
	((struct witness *)app)->count[1]++;
	return 0;
}

/* A service whose clients speak first spends nothing on one that does not, where a stack could be spared. */
static void who_never_speaks_first_has_its_time_and_no_more(struct cell *cell)
{
	struct brood_service service = { .state_size = sizeof(int), .first_byte_timeout_ms = 150, .handler = lines };
	int fd;

	service.handler.client_first = 1;
	service.handler.setup = count_setup;
	cell_serve(cell, &service);
	fd = client_connect(cell);
	client_expect_end(fd);
	client_close(fd);
	WAIT_FOR(cell_logged(cell, "reason=first-byte-timeout"));
	CHECK_INT(cell->witness->count[1], cell->model->many ? 0 : 1);
	client_ask(cell, "bye\n", "1:bye\n");
	CHECK_INT(cell->witness->count[1], cell->model->many ? 1 : 2);
}

const struct contract_case cases_again[] = {
	CASE(KIND_STREAMS, handle_is_called_for_each_message_and_the_state_is_kept),
	CASE(KIND_STREAMS, pipelined_messages_need_no_readable_descriptor),
	CASE(KIND_STREAMS, the_end_of_input_calls_handle_once_more),
	CASE(KIND_STREAMS, a_parked_connection_is_closed_at_drain),
	CASE(KIND_STREAMS, what_a_parked_client_said_before_the_stop_is_answered),
	CASE(KIND_STREAMS, who_keeps_asking_gives_way_to_who_waits),
	CASE(KIND_STREAMS, a_parked_client_that_falls_silent_is_idle_timeout),
	CASE(KIND_STREAMS, who_never_speaks_first_has_its_time_and_no_more),
	CASE(KIND_DATAGRAMS, again_is_an_error_for_a_datagram),
	{ 0 },
};
