/* SPDX-License-Identifier: MIT */
/* The moments of a handler: which are called, when, how often; and what a handler leaves with its connection. */
#include <errno.h>
#include <string.h>

#include "client.h"

static int load(void **app)
{
	witness_say(*app, 'L');
	return 0;
}

static void unload(void *app)
{
	witness_say(app, 'U');
}

static int start(void *app)
{
	witness_say(app, 's');
	return 0;
}

static void stop(void *app)
{
	witness_say(app, 'p');
}

static int verify(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	(void)conn;
	witness_say(witness, 'v');
	return witness->count[1];
}

static int setup(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	(void)conn;
	witness_say(witness, 'u');
	return witness->count[2];
}

static int handle(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness_say(witness, 'h');
	if (witness_hear(conn) < 0 || brood_printf(conn, "yes") < 0)
		return -EIO;
	return witness->count[3];
}

static void finish(struct brood_conn *conn, void *app, const struct brood_end *end)
{
	witness_say(app, 'f');
	witness_finish(conn, app, end);
}

static void error(struct brood_conn *conn, void *app, int number)
{
	struct witness *witness = app;

	(void)conn;
	witness_say(witness, 'e');
	witness->count[4] = number;
}

static const struct brood_handler all = {
	.load = load,
	.unload = unload,
	.start = start,
	.stop = stop,
	.verify = verify,
	.setup = setup,
	.handle = handle,
	.finish = finish,
	.error = error,
};

/* One worker at most, so that two clients in a row have one order. */
static void serve_all(struct cell *cell)
{
	struct brood_service service = { .handler = all };

	cell_bound(cell, &service, 1);
	cell_serve(cell, &service);
}

/* start and stop are where a worker's memory begins and ends: around each client, or around all of them. life: what one
 * client meets. The fresh worker that is made ahead for the next client may be there already, or not yet. */
static void check_order(struct cell *cell, const char *life, int clients)
{
	bool each = cell->model->isolated && (!cell->model->ahead || cell->model->fresh);
	char wanted[64] = "L", ahead[64];

	for (int i = 0; i < clients; i++) {
		strcat(wanted, each || i == 0 ? "s" : "");
		strcat(wanted, life);
		strcat(wanted, each || i == clients - 1 ? "p" : "");
	}
	snprintf(ahead, sizeof ahead, "%sspU", wanted);
	strcat(wanted, "U");
	if (!cell->model->fresh || strcmp(cell->witness->order, ahead) != 0)
		CHECK_TEXT(cell->witness->order, wanted);
}

static void moments_come_in_their_order(struct cell *cell)
{
	serve_all(cell);
	client_ask(cell, "?", "yes");
	client_ask(cell, "?", "yes");
	cell_stop(cell);
	check_order(cell, "vuhf", 2);
}

/* A client that is not answered: what was seen before it and after must fit. */
static void be_turned_away(struct cell *cell)
{
	int fd = client_connect(cell);

	client_try_say(fd, "?");
	if (!cell->transport->datagram)
		client_finish(fd);
	if (cell->transport->datagram)
		WAIT_FOR(strchr(cell_log(cell), '\n') && cell_logged(cell, "reason="));
	else
		client_expect_over(fd);
	client_close(fd);
	cell_stop(cell);
}

static void a_client_refused_by_verify_meets_nothing_else(struct cell *cell)
{
	cell->witness->count[1] = 1;
	serve_all(cell);
	be_turned_away(cell);
	check_order(cell, "v", 1);
	CHECK(cell_logged(cell, "reason=refused-by-verify"));
}

static void finish_is_not_called_when_setup_failed(struct cell *cell)
{
	cell->witness->count[2] = -EDOM;
	serve_all(cell);
	be_turned_away(cell);
	check_order(cell, "vue", 1);
	CHECK_INT(cell->witness->count[4], -EDOM);
	CHECK(cell_logged(cell, "reason=handler-failed"));
	CHECK(cell_logged(cell, strerror(EDOM)));
}

static void error_is_called_once_and_before_finish_when_handle_failed(struct cell *cell)
{
	cell->witness->count[3] = -EDOM;
	serve_all(cell);
	be_turned_away(cell);
	check_order(cell, "vuhef", 1);
	CHECK_INT(cell->witness->count[4], -EDOM);
	CHECK_INT(cell->witness->error, -EDOM);
	CHECK_TEXT(cell->witness->reason, "handler-failed");
}

static void an_answer_that_means_nothing_is_an_error(struct cell *cell)
{
	cell->witness->count[3] = 77;
	serve_all(cell);
	be_turned_away(cell);
	check_order(cell, "vuhef", 1);
	CHECK_INT(cell->witness->count[4], -EINVAL);
}

static int no_start(void *app)
{
	(void)app;
	return -ENOKEY;
}

/* A second engine in the engine's process, with the same moments but this one. */
static void fail_to_start(struct cell *cell, int (*load_it)(void **app), int (*start_it)(void *app))
{
	struct brood_service service = { .name = "second", .listen = "tcp://127.0.0.1:0", .handler = all };
	struct brood *second = brood_new();

	service.model = cell->model->model;
	service.fresh = cell->model->fresh;
	service.app = cell->witness;
	service.handler.load = load_it;
	service.handler.start = start_it;
	CHECK_INT(brood_add(second, &service), 0);
	CHECK_INT(brood_start(second), -ENOKEY);
	CHECK(strstr(brood_error(second), "second") && strstr(brood_error(second), strerror(ENOKEY)));
	brood_free(second);
}

static int drive_after_failed_start(struct cell *cell, struct brood *engine)
{
	fail_to_start(cell, load, no_start);
	return brood_run(engine);
}

/* Where workers are there before their clients, or the worker is the service process, the service does not start. */
static void a_failed_start_is_said(struct cell *cell)
{
	struct brood_service service = { .handler = all };

	if (!cell->model->bound || cell->model->ahead) {
		cell->drive = drive_after_failed_start;
		serve_all(cell);
		client_ask(cell, "?", "yes");
		cell_stop(cell);
		/* Those who are there before their clients may serve before the second engine gives up. */
		if (!cell->model->ahead)
			CHECK_TEXT(cell->witness->order, "LsLUvuhfpU");
		return;
	}
	service.handler.start = no_start;
	cell_serve(cell, &service);
	be_turned_away(cell);
	CHECK(cell_logged(cell, "reason=start-failed"));
	CHECK_TEXT(cell->witness->order, "LU");
}

static int no_load(void **app)
{
	(void)app;
	return -ENOKEY;
}

static int drive_after_failed_load(struct cell *cell, struct brood *engine)
{
	fail_to_start(cell, no_load, start);
	return brood_run(engine);
}

static void a_failed_load_is_said_and_not_unloaded(struct cell *cell)
{
	cell->drive = drive_after_failed_load;
	serve_all(cell);
	client_ask(cell, "?", "yes");
	cell_stop(cell);
	check_order(cell, "vuhf", 1);
}

static struct witness *real_app;

static int load_other(void **app)
{
	real_app = *app;
	*app = &real_app;
	return 0;
}

static int handle_other(struct brood_conn *conn, void *app)
{
	struct witness **other = app;

	(*other)->count[0]++;
	if (witness_hear(conn) < 0)
		return -EIO;
	return brood_printf(conn, "%s", app == &real_app ? "replaced" : "not replaced");
}

static void load_may_replace_app(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .load = load_other, .handle = handle_other } });
	client_ask(cell, "?", "replaced");
	CHECK_INT(cell->witness->count[0], 1);
}

static void say_a(void *arg)
{
	witness_say(arg, 'a');
}

static void say_b(void *arg)
{
	witness_say(arg, 'b');
}

static int defer_two(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int r = 0;

	witness_hear(conn);
	brood_defer(conn, say_a, app);
	brood_defer(conn, say_b, app);
	for (int i = 0; i < 100 && r == 0; i++)
		r = brood_defer(conn, say_b, app);
	witness->count[0] = r;
	brood_printf(conn, "yes");
	return witness->count[3];
}

static void check_deferred(struct cell *cell)
{
	const char *order = cell->witness->order;
	size_t calls = strlen(order);

	CHECK_INT(cell->witness->count[0], -ENOSPC);
	CHECK(calls > 3 && order[0] == 'f' && order[calls - 1] == 'a');
	CHECK_INT(strspn(order + 1, "b"), calls - 2);
}

static void deferred_calls_come_last_in_first_out_after_finish(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = defer_two, .finish = finish } });
	client_ask(cell, "?", "yes");
	cell_stop(cell);
	check_deferred(cell);
}

static void deferred_calls_come_after_an_error_too(struct cell *cell)
{
	cell->witness->count[3] = -EDOM;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = defer_two, .finish = finish } });
	be_turned_away(cell);
	check_deferred(cell);
}

#define STATE_SIZE 5000

static int fill_state(struct brood_conn *conn, void *app)
{
	char *state = brood_conn_state(conn);
	int used = 0;

	(void)app;
	if (witness_hear(conn) < 0)
		return -EIO;
	for (int i = 0; i < STATE_SIZE; i++)
		used += state[i] != 0;
	memset(state, 0xff, STATE_SIZE);
	return brood_printf(conn, "%d", used);
}

static void each_connection_has_a_zeroed_state(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .state_size = STATE_SIZE, .handler = { .handle = fill_state } });
	for (int i = 0; i < 4; i++)
		client_ask(cell, "?", "0");
}

static int ask_for_state(struct brood_conn *conn, void *app)
{
	(void)app;
	if (witness_hear(conn) < 0)
		return -EIO;
	return brood_printf(conn, "%s", brood_conn_state(conn) ? "some" : "none");
}

static void without_state_size_there_is_no_state(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = ask_for_state } });
	client_ask(cell, "?", "none");
}

static int leave_notes(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	char long_value[257];

	witness_hear(conn);
	memset(long_value, 'x', 256);
	long_value[256] = '\0';
	witness->count[0] = brood_conn_note(conn, "user", "eve\n\x1b[31m\"");
	witness->count[1] = brood_conn_note(conn, "path", "/x");
	witness->count[2] = brood_conn_note(conn, "big", long_value);
	witness->count[3] = brood_conn_blame(conn, "sends \r\nrubbish");
	brood_logf(conn, BROOD_INFO, "a line of %s", "mine\nforged");
	witness->count[4] = brood_loggable(conn, BROOD_DEBUG);
	return brood_printf(conn, "noted");
}

static void notes_blame_and_lines_are_escaped_in_the_log(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = leave_notes } });
	client_ask(cell, "?", "noted");
	cell_stop(cell);
	CHECK_INT(cell->witness->count[0], 0);
	CHECK_INT(cell->witness->count[1], 0);
	CHECK_INT(cell->witness->count[2], -ENOSPC);
	CHECK_INT(cell->witness->count[3], 0);
	CHECK_INT(cell->witness->count[4], 1);
	CHECK(cell_logged(cell, "user=eve\\x0a\\x1b[31m"));
	CHECK(cell_logged(cell, "path=/x"));
	CHECK(cell_logged(cell, "sends \\x0d\\x0arubbish"));
	CHECK(cell_logged(cell, "a line of mine\\x0aforged"));
	CHECK(!strchr(cell_log(cell), '\x1b') && !strchr(cell_log(cell), '\r'));
	CHECK(!cell_logged(cell, "xxxx"));
}

static void tick(void *app)
{
	((struct witness *)app)->count[0]++;
}

static void idle(void *app)
{
	((struct witness *)app)->count[1]++;
}

static void tick_comes_each_second_and_idle_when_nobody_does(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){
				 .idle_ms = 500, .handler = { .handle = handle, .tick = tick, .idle = idle } });
	client_ask(cell, "?", "yes");
	WAIT_FOR(cell->witness->count[0] >= 1 && cell->witness->count[1] >= 1);
}

const struct contract_case cases_moment[] = {
	CASE(KIND_BOTH, moments_come_in_their_order),
	CASE(KIND_BOTH, a_client_refused_by_verify_meets_nothing_else),
	CASE(KIND_BOTH, finish_is_not_called_when_setup_failed),
	CASE(KIND_BOTH, error_is_called_once_and_before_finish_when_handle_failed),
	CASE(KIND_BOTH, an_answer_that_means_nothing_is_an_error),
	CASE(KIND_BOTH, a_failed_start_is_said),
	CASE(KIND_BOTH, a_failed_load_is_said_and_not_unloaded),
	CASE(KIND_BOTH, load_may_replace_app),
	CASE(KIND_BOTH, deferred_calls_come_last_in_first_out_after_finish),
	CASE(KIND_BOTH, deferred_calls_come_after_an_error_too),
	CASE(KIND_BOTH, each_connection_has_a_zeroed_state),
	CASE(KIND_BOTH, without_state_size_there_is_no_state),
	CASE(KIND_BOTH, notes_blame_and_lines_are_escaped_in_the_log),
	CASE(KIND_BOTH, tick_comes_each_second_and_idle_when_nobody_does),
	{ 0 },
};
