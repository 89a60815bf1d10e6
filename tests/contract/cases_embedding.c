/* SPDX-License-Identifier: MIT */
/* An engine inside of a program: driven turn by turn, from a foreign poll loop, beside another one. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

static int answer(struct brood_conn *conn, void *app)
{
	(void)app;
	witness_hear(conn);
	return brood_printf(conn, "served");
}

static int echo_one(struct brood_conn *conn, void *app)
{
	char buf[64];
	ssize_t n = brood_read(conn, buf, sizeof buf);

	((struct witness *)app)->count[0]++;
	return n < 0 ? (int)n : brood_write(conn, buf, (size_t)n);
}

/* A second engine in the engine's process, on a port of its own; its URL is url[1]. */
static struct brood *second_engine(struct cell *cell)
{
	struct brood *engine = brood_new();
	int r = brood_add(engine, &(struct brood_service){ .listen = "tcp://127.0.0.1:0",
					  .model = cell->model->model,
					  .handler = { .handle = answer } });

	CHECK_INT(r, 0);
	CHECK_INT(brood_start(engine), 0);
	snprintf(cell->witness->url[1], sizeof cell->witness->url[1], "%s", brood_listening(engine, 0));
	return engine;
}

/* Spinning: every turn must come back at once, whoever is being served. count[1]: turns; [2]: the longest, in ms. */
static int drive_spinning(struct cell *cell, struct brood *engine)
{
	struct witness *witness = cell->witness;
	int r;

	do {
		long long begin = cell_now_ms();

		r = brood_run_once(engine, 0);
		if (cell_now_ms() - begin > witness->count[2])
			witness->count[2] = (int)(cell_now_ms() - begin);
		witness->count[1]++;
		usleep(200);
	} while (r > 0);
	return r;
}

static void run_once_without_a_timeout_never_blocks(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int fd, turns;

	cell->drive = drive_spinning;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = echo_one } });
	WAIT_FOR(witness->count[1] > 10);
	fd = client_connect(cell);
	/* A client that is connected and says nothing blocks its worker: the loop only where that is the worker. */
	if (cell->model->bound) {
		WAIT_FOR(cell->witness->count[1] > 0);
		turns = witness->count[1];
		WAIT_FOR(witness->count[1] > turns + 50);
	}
	client_say(fd, "?");
	client_expect(fd, "?");
	client_close(fd);
	cell_stop(cell);
	if (cell->model->bound)
		CHECK(witness->count[2] < 1000);
}

static int drive_two(struct cell *cell, struct brood *engine)
{
	struct brood *engines[2] = { engine, second_engine(cell) };
	struct pollfd polled[2];
	int running = 2, result = 0;
	bool stopping = false;

	for (int i = 0; i < 2; i++)
		polled[i] = (struct pollfd){ .fd = brood_fd(engines[i]), .events = POLLIN };
	cell->witness->count[3] = 1;
	while (running > 0) {
		if (poll(polled, 2, 20) < 0 && errno != EINTR)
			return -errno;
		if (cell->witness->go == 1 && !stopping) {
			stopping = true;
			brood_stop(engines[0]);
			brood_stop(engines[1]);
		}
		for (int i = 0; i < 2; i++) {
			int r;

			if (polled[i].fd < 0 || !polled[i].revents)
				continue;
			r = brood_run_once(engines[i], 0);
			if (r > 0)
				continue;
			result = result ? result : r;
			polled[i].fd = -1;
			running--;
		}
	}
	brood_free(engines[1]);
	return result;
}

static void ask_second(struct cell *cell)
{
	static const struct transport_row tcp = { .family = AF_INET };
	struct cell other = *cell;
	int fd;

	other.transport = &tcp;
	fd = client_connect_to(&other, cell->witness->url[1]);
	client_finish(fd);
	client_expect(fd, "served");
	client_expect_end(fd);
	client_close(fd);
}

/* run_once is called only when brood_fd is readable: so everything, timers too, must make it so. */
static void two_engines_live_in_one_poll_loop(struct cell *cell)
{
	int fd;

	cell->drive = drive_two;
	cell_serve(cell, &(struct brood_service){ .idle_timeout_ms = 100,
				 .first_byte_timeout_ms = 100,
				 .handler = { .handle = echo_one, .finish = witness_finish } });
	WAIT_FOR(cell->witness->count[3] == 1);
	for (int i = 0; i < 3; i++) {
		client_ask(cell, "hello", "hello");
		ask_second(cell);
	}
	if (!cell->transport->datagram) {
		fd = client_connect(cell);
		client_expect_over(fd);
		client_close(fd);
		WAIT_FOR(strcmp(cell->witness->reason, "first-byte-timeout") == 0);
		ask_second(cell);
	}
	cell->witness->go = 1;
	cell_join(cell);
}

static int add_second_service(struct cell *cell, struct brood *engine)
{
	struct witness *witness = cell->witness;
	int r = brood_add(engine, &(struct brood_service){ .listen = "x", .handler = { .handle = answer } });

	witness->count[0] = r;
	snprintf(witness->text, sizeof witness->text, "%s", brood_error(engine));
	return brood_run(engine);
}

static void nothing_is_added_to_a_started_engine(struct cell *cell)
{
	cell->drive = add_second_service;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer } });
	client_ask(cell, "?", "served");
	CHECK_INT(cell->witness->count[0], -EBUSY);
	CHECK(strstr(cell->witness->text, "started"));
}

/* Another engine, on the place that is taken; then, freed of the first, on the same place. */
static int start_on_taken_place(struct cell *cell, struct brood *engine)
{
	struct witness *witness = cell->witness;
	struct brood *second = brood_new();
	int r = brood_add(second, &(struct brood_service){ .listen = witness->url[0],
					  .model = cell->model->model,
					  .app = witness,
					  .handler = { .handle = echo_one } });

	CHECK_INT(r, 0);
	witness->count[1] = brood_start(second);
	snprintf(witness->text, sizeof witness->text, "%s", brood_error(second));
	brood_stop(engine);
	r = brood_run(engine);
	if (r < 0)
		return r;
	/* What failed may be tried again. */
	if (brood_start(second) < 0)
		cell_fail(__FILE__, __LINE__, "second start: %s", brood_error(second));
	CHECK_TEXT(brood_listening(second, 0), witness->url[0]);
	CHECK(!brood_listening(second, 1));
	witness->count[2] = 1;
	while (witness->count[0] == 0)
		CHECK_INT(brood_run_once(second, 10), 1);
	brood_stop(second);
	r = brood_run(second);
	brood_free(second);
	return r;
}

static void a_taken_place_is_said_and_may_be_tried_again(struct cell *cell)
{
	cell->drive = start_on_taken_place;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = echo_one } });
	WAIT_FOR(cell->witness->count[2] == 1);
	CHECK(cell->witness->count[1] < 0);
	CHECK(strstr(cell->witness->text, cell->witness->url[0]));
	client_ask(cell, "hello", "hello");
	cell_join(cell);
}

static int drive_twice(struct cell *cell, struct brood *engine)
{
	int r = brood_run(engine);

	brood_stop(engine);
	cell->witness->count[1] = brood_run(engine);
	cell->witness->count[2] = brood_run_once(engine, -1);
	return r;
}

static void an_engine_that_is_over_stays_over(struct cell *cell)
{
	cell->drive = drive_twice;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer } });
	client_ask(cell, "?", "served");
	cell_stop(cell);
	CHECK_INT(cell->witness->count[1], 0);
	CHECK_INT(cell->witness->count[2], 0);
}

static int wait_for_ever(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int r;

	witness->count[0]++;
	do
		r = brood_sleep(conn, PATIENCE_MS);
	while (r == 0);
	return r;
}

/* Away without a stop: what brood_free meets is a client in the middle of its service. */
static int drive_away(struct cell *cell, struct brood *engine)
{
	while (cell->witness->count[0] == 0)
		if (brood_run_once(engine, 10) < 0)
			return -EIO;
	return 0;
}

static void free_ends_what_still_runs(struct cell *cell)
{
	int fd;

	cell->drive = drive_away;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = wait_for_ever } });
	fd = client_connect(cell);
	client_say(fd, "?");
	cell_join(cell);
	if (!cell->transport->datagram)
		client_expect_over(fd);
	client_close(fd);
	CHECK(cell_logged(cell, "reason=stopped"));
}

/* ---- fd:// of a connection ---- */

static int pair[2];

static void leave_client_end(struct cell *cell)
{
	(void)cell;
	close(pair[1]); /* the client's end is the judging process's */
}

static void a_handed_over_connection_is_served_once_and_that_is_all(struct cell *cell)
{
	char url[32];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	snprintf(url, sizeof url, "fd://%d", pair[0]);
	cell->prepare = leave_client_end;
	cell->takes = 1; /* the engine closes it */
	cell_serve(cell, &(struct brood_service){
				 .listen = url, .handler = { .handle = witness_echo, .finish = witness_finish } });
	close(pair[0]);
	client_say(pair[1], "hello");
	client_expect(pair[1], "hello");
	client_finish(pair[1]);
	client_expect_end(pair[1]);
	client_close(pair[1]);
	cell_join(cell); /* without being told to stop */
	CHECK_INT(cell->witness->finished, 1);
	CHECK_TEXT(cell->witness->reason, "finished");
}

static bool is_any_one(const struct cell *cell)
{
	return cell->transport->family == AF_UNIX && !cell->transport->datagram && !cell->model->ahead;
}

/* ---- Two services in one engine ---- */

static int start_with_two(struct cell *cell, struct brood *engine)
{
	struct witness *witness = cell->witness;
	struct brood *both = brood_new();
	int r;

	r = brood_add(both, &(struct brood_service){ .name = "echo",
				    .listen = "tcp://127.0.0.1:0",
				    .model = cell->model->model,
				    .app = witness,
				    .handler = { .handle = echo_one } });
	CHECK_INT(r, 0);
	r = brood_add(both, &(struct brood_service){ .name = "answer",
				    .listen = "tcp://127.0.0.1:0",
				    .model = BROOD_THREAD,
				    .handler = { .handle = answer } });
	CHECK_INT(r, 0);
	CHECK_INT(brood_start(both), 0);
	for (size_t i = 0; i < 2; i++)
		snprintf(witness->url[i + 1], sizeof witness->url[0], "%s", brood_listening(both, i));
	witness->count[3] = 1;
	while (witness->go == 0)
		CHECK_INT(brood_run_once(both, 10), 1);
	brood_stop(both);
	r = brood_run(both);
	brood_free(both);
	brood_stop(engine);
	return r < 0 ? r : brood_run(engine);
}

static void two_services_share_an_engine(struct cell *cell)
{
	int fd, other;

	cell->drive = start_with_two;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer } });
	WAIT_FOR(cell->witness->count[3] == 1);
	for (int i = 0; i < 3; i++) {
		/* While a client of one says nothing, the other one's are served: under every model. */
		fd = client_connect_to(cell, cell->witness->url[1]);
		other = client_connect_to(cell, cell->witness->url[2]);
		client_finish(other);
		client_expect(other, "served");
		client_say(fd, "hello");
		client_expect(fd, "hello");
		client_close(fd);
		client_close(other);
	}
	cell->witness->go = 1;
	cell_join(cell);
}

static bool is_tcp4(const struct cell *cell)
{
	return cell->transport->family == AF_INET && !cell->transport->datagram;
}

const struct contract_case cases_embedding[] = {
	CASE(KIND_STREAMS, run_once_without_a_timeout_never_blocks),
	CASE(KIND_BOTH, two_engines_live_in_one_poll_loop),
	CASE(KIND_STREAMS, nothing_is_added_to_a_started_engine),
	CASE(KIND_BOTH, a_taken_place_is_said_and_may_be_tried_again),
	CASE(KIND_BOTH, an_engine_that_is_over_stays_over),
	CASE_WHERE(cell_is_bounded, KIND_BOTH, free_ends_what_still_runs),
	CASE_WHERE(is_any_one, KIND_STREAMS, a_handed_over_connection_is_served_once_and_that_is_all),
	CASE_WHERE(is_tcp4, KIND_STREAMS, two_services_share_an_engine),
	{ 0 },
};
