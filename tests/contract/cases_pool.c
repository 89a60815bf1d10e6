/* SPDX-License-Identifier: MIT */
/* How many standing workers there are while they come and go: with clients that stay, and when none can be made. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define WORKERS      2
#define MAX_REQUESTS 5

/* What counts mean here. */
enum {
	STARTED, /* workers whose start was called */
	STOPPED,
	MOST_AT_ONCE,
	HOLDING, /* clients that stay */
	FAILING, /* 1: no worker starts */
};

static bool is_reused(const struct cell *cell)
{
	return cell->model->ahead && !cell->model->fresh;
}

static bool is_reused_by_one_at_a_time(const struct cell *cell)
{
	return is_reused(cell) && !cell->model->many;
}

static bool is_ahead_of_one_at_a_time(const struct cell *cell)
{
	return cell->model->ahead && !cell->model->many;
}

/* The first ones at once, the others when they are let: until then there is no replacement for anybody. */
static int start_when_let(void *app)
{
	struct witness *witness = app;
	int number = ++witness->count[STARTED], now = number - witness->count[STOPPED];

	if (now > witness->count[MOST_AT_ONCE])
		witness->count[MOST_AT_ONCE] = now;
	if (number > WORKERS)
		witness_wait(witness, 1);
	return 0;
}

static void count_stop(void *app)
{
	((struct witness *)app)->count[STOPPED]++;
}

/* 's': a client that stays until it says more. */
static int stay_or_go(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char how = '?';

	brood_read(conn, &how, 1);
	if (how == 's') {
		witness->count[HOLDING]++;
		brood_read(conn, &how, 1);
	}
	return brood_printf(conn, "served");
}

static int client_that_stays(struct cell *cell)
{
	int before = cell->witness->count[HOLDING], fd = client_connect(cell);

	client_say(fd, "s");
	WAIT_FOR(cell->witness->count[HOLDING] == before + 1);
	return fd;
}

static void let_it_go(int fd)
{
	client_say(fd, "!");
	client_expect(fd, "served");
	client_close(fd);
}

static int workers_now(const struct cell *cell)
{
	return cell->witness->count[STARTED] - cell->witness->count[STOPPED];
}

static void clients_that_stay_do_not_end_recycling(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int staying[WORKERS], started;

	cell_serve(cell, &(struct brood_service){ .workers = WORKERS,
				 .max_requests = MAX_REQUESTS,
				 .handler = { .start = start_when_let, .stop = count_stop, .handle = stay_or_go } });
	for (int i = 0; i < 3 * WORKERS * MAX_REQUESTS; i++)
		client_ask(cell, "?", "served");
	WAIT_FOR(witness->count[STARTED] > WORKERS);
	/* Both have served enough, and their replacement is not there yet. */
	for (int i = 0; i < WORKERS; i++)
		staying[i] = client_that_stays(cell);
	witness->go = 1;
	client_ask(cell, "?", "served");
	let_it_go(staying[0]);
	started = witness->count[STARTED];
	WAIT_FOR((client_ask(cell, "?", "served"), witness->count[STARTED] >= started + 5));
	let_it_go(staying[1]);
	cell_stop(cell);
	/* One that serves many keeps a client that stays, and is replaced nevertheless. */
	CHECK(witness->count[MOST_AT_ONCE] <= (cell->model->many ? 2 : 1) * WORKERS + 1);
}

static void who_stays_with_one_that_goes_takes_a_place_of_the_bound(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int staying[WORKERS];

	cell_serve(cell, &(struct brood_service){ .workers = WORKERS,
				 .max_requests = MAX_REQUESTS,
				 .handler = { .start = start_when_let, .stop = count_stop, .handle = stay_or_go } });
	for (int i = 0; i < 3 * WORKERS * MAX_REQUESTS; i++)
		client_ask(cell, "?", "served");
	WAIT_FOR(witness->count[STARTED] > WORKERS);
	for (int i = 0; i < WORKERS; i++)
		staying[i] = client_that_stays(cell);
	witness->go = 1;
	/* The third is there, and idle: it leaves again. */
	WAIT_FOR(workers_now(cell) == WORKERS);
	CHECK_INT(witness->count[STARTED], WORKERS + 1);
	for (int i = 0; i < WORKERS; i++)
		let_it_go(staying[i]);
	client_ask(cell, "?", "served");
	cell_stop(cell);
}

/* ---- None can be made ---- */

#define MANY      8
#define WINDOW_MS 1000
#define TRIES     25 /* in that window; backing off they are about ten, one for each look they are hundreds */

static int start_unless_failing(void *app)
{
	struct witness *witness = app;

	witness->count[STARTED]++;
	return witness->count[FAILING] ? -5 : 0;
}

/* 's': as above; 'k': takes its worker along. */
static int stay_or_kill(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char how = '?';

	brood_read(conn, &how, 1);
	witness->count[HOLDING]++;
	if (how == 's' || how == 'k')
		witness_wait(witness, how == 's' ? 2 : 1);
	if (how == 'k')
		raise(SIGKILL);
	return brood_printf(conn, "served");
}

static int client_that(struct cell *cell, const char *what)
{
	int before = cell->witness->count[HOLDING], fd = client_connect(cell);

	client_say(fd, what);
	WAIT_FOR(cell->witness->count[HOLDING] == before + 1);
	return fd;
}

static void who_cannot_start_is_not_tried_at_each_look_while_draining(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int staying, waiting, killing[MANY - 1], started;

	cell_serve(cell, &(struct brood_service){ .workers = MANY,
				 .handler = { .start = start_unless_failing, .handle = stay_or_kill } });
	staying = client_that(cell, "s");
	for (int i = 0; i < MANY - 1; i++)
		killing[i] = client_that(cell, "k");
	witness->count[FAILING] = 1;
	witness->go = 1;
	for (int i = 0; i < MANY - 1; i++)
		client_close(killing[i]);
	WAIT_FOR(cell_logged(cell, "does not start"));
	waiting = client_connect(cell);
	client_say(waiting, "?");
	cell_signal(cell);
	started = witness->count[STARTED];
	cell_sleep_ms(WINDOW_MS);
	CHECK(witness->count[STARTED] - started <= TRIES);
	witness->count[FAILING] = 0;
	client_expect(waiting, "served");
	client_close(waiting);
	witness->go = 2;
	client_expect(staying, "served");
	client_close(staying);
	cell_join(cell);
}

const struct contract_case cases_pool[] = {
	CASE_WHERE(is_reused, KIND_STREAMS, clients_that_stay_do_not_end_recycling),
	CASE_WHERE(is_reused_by_one_at_a_time, KIND_STREAMS, who_stays_with_one_that_goes_takes_a_place_of_the_bound),
	CASE_WHERE(
		is_ahead_of_one_at_a_time, KIND_STREAMS, who_cannot_start_is_not_tried_at_each_look_while_draining),
	{ 0 },
};
