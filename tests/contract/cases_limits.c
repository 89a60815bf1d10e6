/* SPDX-License-Identifier: MIT */
/* Limits refuse exactly whom they should, politely, and let in again who may come again. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "client.h"

#define BOUND   8
#define CROWD   40
#define REFUSAL "too many\n"
#define HOUR_MS 3600000

/* Everybody that a client of this cell can be. */
#define EVERYBODY "127.0.0.0/8 ::1 unix"

/* count: [0] in here now. Until somebody sets go. */
static int answer_when_told(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness->count[0]++;
	while (witness->go == 0 && brood_sleep(conn, 5) == 0)
		continue;
	witness->count[0]--;
	return brood_printf(conn, "served");
}

static int answer(struct brood_conn *conn, void *app)
{
	(void)app;
	witness_hear(conn);
	return brood_printf(conn, "served");
}

static int answer_and_blame(struct brood_conn *conn, void *app)
{
	brood_conn_blame(conn, "did not say please");
	return answer(conn, app);
}

static int crash(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
	return raise(SIGSEGV);
}

/* unixgram tells nobody who sends. */
static bool knows_sources(const struct cell *cell)
{
	return !(cell_is_unix(cell) && cell->transport->datagram);
}

static bool knows_sources_and_is_bounded(const struct cell *cell)
{
	return knows_sources(cell) && cell_is_bounded(cell);
}

static bool knows_sources_and_has_processes(const struct cell *cell)
{
	return knows_sources(cell) && cell_has_processes(cell);
}

static void serve(struct cell *cell, struct brood_service *service)
{
	service->refusal = REFUSAL;
	service->refusal_size = sizeof REFUSAL - 1;
	cell_serve(cell, service);
}

static void expect_refused(struct cell *cell, const char *reason)
{
	int fd = client_connect(cell);

	client_try_say(fd, "?");
	if (!cell->transport->datagram) {
		client_expect(fd, REFUSAL);
		client_expect_end(fd);
	}
	client_close(fd);
	WAIT_FOR(cell_logged(cell, reason));
}

/* So many clients are inside at once; the next is refused; when they are over there is room again. */
static void fill(struct cell *cell, struct brood_service *service, int inside, const char *reason)
{
	int fds[BOUND];

	cell_bound(cell, service, BOUND);
	service->handler.handle = answer_when_told;
	serve(cell, service);
	for (int i = 0; i < inside; i++) {
		fds[i] = client_connect(cell);
		client_say(fds[i], "?");
	}
	WAIT_FOR(cell->witness->count[0] == inside);
	expect_refused(cell, reason);
	cell->witness->go = 1;
	for (int i = 0; i < inside; i++) {
		client_expect(fds[i], "served");
		client_close(fds[i]);
	}
	/* A worker is counted until it is seen to be over, which is later than its client sees it. */
	WAIT_FOR(cell->witness->count[0] == 0);
	cell_sleep_ms(100);
	client_ask(cell, "?", "served");
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "refused"), 1);
	CHECK_INT(cell_log_number(cell, "accepted"), inside + 2);
	CHECK_INT(cell_log_number(cell, "ended"), inside + 2);
}

static void a_source_has_so_many_clients_and_no_more(struct cell *cell)
{
	fill(cell, &(struct brood_service){ .max_per_source = 3 }, 3, "refused-per-source");
}

static void a_service_has_so_many_clients_and_no_more(struct cell *cell)
{
	fill(cell, &(struct brood_service){ .max_clients = 4 }, 4, "refused-full");
}

static void reserved_places_are_not_for_others(struct cell *cell)
{
	fill(cell, &(struct brood_service){ .max_clients = 4, .reserved = 2, .reserved_for = "192.0.2.1" }, 2,
		"refused-full");
}

static void reserved_places_are_for_whom_they_are_reserved(struct cell *cell)
{
	fill(cell, &(struct brood_service){ .max_clients = 4, .reserved = 2, .reserved_for = EVERYBODY }, 4,
		"refused-full");
}

static void the_exempt_may_fill_the_service(struct cell *cell)
{
	fill(cell, &(struct brood_service){ .max_per_source = 1, .max_clients = 4, .exempt = EVERYBODY }, 4,
		"refused-full");
}

static int count_refused(const int fds[CROWD])
{
	int refused = 0;
	char byte;

	for (int i = 0; i < CROWD; i++)
		refused += recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
	return refused;
}

/* Exact where one process accepts. Standing workers let in each by itself: one too many for each at most. */
static void a_crowd_that_comes_at_once_does_not_overrun_the_bound(struct cell *cell)
{
	struct brood_service service = { .max_per_source = 3, .handler = { .handle = answer_when_told } };
	int overshoot = cell->model->model == BROOD_PREFORK ? BOUND : 0;
	int fds[CROWD];

	cell_bound(cell, &service, BOUND);
	serve(cell, &service);
	for (int i = 0; i < CROWD; i++)
		fds[i] = client_connect(cell);
	WAIT_FOR(count_refused(fds) + cell->witness->count[0] == CROWD);
	CHECK(cell->witness->count[0] >= 1);
	CHECK(cell->witness->count[0] <= 3 + overshoot);
	CHECK(overshoot > 0 || cell->witness->count[0] == 3);
	cell->witness->go = 1;
	for (int i = 0; i < CROWD; i++)
		client_close(fds[i]);
	cell_stop(cell);
}

/* It said something, is still at it, and hears all of the refusal, then the end. There is no reset: it would make the next
 * word fail, and eat the refusal of a client whose kernel throws away what it has not read yet. */
static void a_denied_client_hears_why_although_it_talks_on(struct cell *cell)
{
	struct brood_service service = { .deny = EVERYBODY, .handler = { .handle = answer } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	for (int i = 0; i < 20; i++) {
		client_say(fd, "let me in, let me in, let me in");
		cell_sleep_ms(5);
	}
	client_expect(fd, REFUSAL);
	client_expect_end(fd);
	client_close(fd);
	cell_stop(cell);
	CHECK(cell_logged(cell, "refused-by-list"));
	CHECK_INT(cell_log_number(cell, "refused"), 1);
}

static void only_the_allowed_are_let_in(struct cell *cell)
{
	struct brood_service service = { .allow = "192.0.2.1", .handler = { .handle = answer } };

	serve(cell, &service);
	expect_refused(cell, "refused-by-list");
	cell_stop(cell);
}

static void the_allowed_are_let_in(struct cell *cell)
{
	struct brood_service service = { .allow = EVERYBODY, .deny = "192.0.2.1", .handler = { .handle = answer } };

	serve(cell, &service);
	client_ask(cell, "?", "served");
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "refused"), 0);
}

static void a_burst_is_let_in_and_then_the_rate_holds(struct cell *cell)
{
	struct brood_service service = {
		.source_rate_per_min = 1, .source_burst = 3, .handler = { .handle = answer }
	};

	serve(cell, &service);
	for (int i = 0; i < 3; i++)
		client_ask(cell, "?", "served");
	expect_refused(cell, "refused-rate");
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "refused"), 1);
}

static void whom_a_handler_blames_has_to_wait(struct cell *cell)
{
	struct brood_service service = { .penalty_blame_ms = HOUR_MS, .handler = { .handle = answer_and_blame } };

	serve(cell, &service);
	client_ask(cell, "?", "served");
	WAIT_FOR(cell_logged(cell, "did not say please"));
	expect_refused(cell, "refused-penalty");
	cell_stop(cell);
}

static void who_crashes_a_handler_has_to_wait(struct cell *cell)
{
	struct brood_service service = { .penalty_crash_ms = HOUR_MS, .handler = { .handle = crash } };
	int fd;

	serve(cell, &service);
	fd = client_connect(cell);
	client_try_say(fd, "?");
	WAIT_FOR(cell_logged(cell, "handler-crashed"));
	client_close(fd);
	expect_refused(cell, "refused-penalty");
	cell_stop(cell);
}

/* The one that is let in uses the burst up; of the others it is only told. */
static void a_dry_run_tells_and_lets_in(struct cell *cell)
{
	struct brood_service service = {
		.source_rate_per_min = 1, .source_burst = 1, .dry_run_limits = 1, .handler = { .handle = answer }
	};

	serve(cell, &service);
	for (int i = 0; i < 5; i++)
		client_ask(cell, "?", "served");
	WAIT_FOR(cell_logged(cell, "would have refused"));
	CHECK(cell_logged(cell, "refused-rate"));
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "refused"), 0);
	CHECK_INT(cell_log_number(cell, "accepted"), 5);
}

const struct contract_case cases_limits[] = {
	CASE_WHERE(knows_sources_and_is_bounded, KIND_BOTH, a_source_has_so_many_clients_and_no_more),
	CASE_WHERE(cell_is_bounded, KIND_BOTH, a_service_has_so_many_clients_and_no_more),
	CASE_WHERE(cell_is_bounded, KIND_BOTH, reserved_places_are_not_for_others),
	CASE_WHERE(cell_is_bounded, KIND_BOTH, reserved_places_are_for_whom_they_are_reserved),
	CASE_WHERE(knows_sources_and_is_bounded, KIND_BOTH, the_exempt_may_fill_the_service),
	CASE_WHERE(knows_sources_and_is_bounded, KIND_STREAMS, a_crowd_that_comes_at_once_does_not_overrun_the_bound),
	CASE(KIND_STREAMS, a_denied_client_hears_why_although_it_talks_on),
	CASE(KIND_BOTH, only_the_allowed_are_let_in),
	CASE(KIND_BOTH, the_allowed_are_let_in),
	CASE_WHERE(knows_sources, KIND_BOTH, a_burst_is_let_in_and_then_the_rate_holds),
	CASE_WHERE(knows_sources, KIND_BOTH, whom_a_handler_blames_has_to_wait),
	CASE_WHERE(knows_sources_and_has_processes, KIND_BOTH, who_crashes_a_handler_has_to_wait),
	CASE_WHERE(knows_sources, KIND_BOTH, a_dry_run_tells_and_lets_in),
	{ 0 },
};
