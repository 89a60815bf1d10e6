/* SPDX-License-Identifier: MIT */
/* Descriptors of the handler's own: waited for beside its client, by each of many. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "client.h"

#define SHORT_MS 150

/* What counts mean here. */
enum {
	FIRST,   /* what a call answered … */
	SECOND,  /* … and the next one */
	WAITING, /* handlers that are about to */
	TIME_MS, /* for the wait */
};

static bool serves_many(const struct cell *cell)
{
	return cell->model->many;
}

static int client_that_says(struct cell *cell, const char *text)
{
	int fd = client_connect(cell);

	client_say(fd, text);
	return fd;
}

static void expect_served(int fd)
{
	client_expect(fd, "served");
	client_close(fd);
}

/* Ready after that time, without anybody's help. */
static int open_alarm(int ms)
{
	const struct itimerspec spec = { .it_value.tv_nsec = ms * 1000000L };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		_exit(EXIT_FAILURE);
	return fd;
}

static int wait_for_alarm(struct brood_conn *conn, void *app)
{
	long long begin = cell_now_ms();
	int fd = open_alarm(SHORT_MS), early, r;

	(void)app;
	early = brood_wait_fd(conn, fd, POLLIN, 0);
	r = brood_wait_fd(conn, fd, POLLIN, BROOD_OFF);
	close(fd);
	if (r == POLLIN && cell_now_ms() - begin < SHORT_MS)
		r = 0;
	return brood_printf(conn, "%d %d", early, r);
}

static void a_descriptor_that_becomes_ready_ends_the_wait(struct cell *cell)
{
	char answer[32];

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = wait_for_alarm } });
	snprintf(answer, sizeof answer, "%d %d", -ETIMEDOUT, POLLIN);
	client_ask(cell, "?", answer);
	client_ask(cell, "?", answer);
}

/* A pipe that nobody writes to. */
static int wait_for_nothing(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int ends[2], r;

	if (pipe(ends) < 0)
		return -EIO;
	r = brood_wait_fd(conn, ends[0], POLLIN, witness->count[TIME_MS]);
	close(ends[0]);
	close(ends[1]);
	witness->count[FIRST] = r;
	r = brood_printf(conn, "served");
	witness->count[SECOND] = r;
	return r;
}

static void a_wait_ends_with_its_time(struct cell *cell)
{
	long long begin;

	cell->witness->count[TIME_MS] = SHORT_MS;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = wait_for_nothing } });
	begin = cell_now_ms();
	client_ask(cell, "?", "served");
	CHECK(cell_now_ms() - begin >= SHORT_MS);
	CHECK_INT(cell->witness->count[FIRST], -ETIMEDOUT);
}

static void a_wait_ends_with_the_requests_time(struct cell *cell)
{
	struct witness *witness = cell->witness;
	int fd;

	witness->count[TIME_MS] = BROOD_OFF;
	cell_serve(cell, &(struct brood_service){ .request_timeout_ms = SHORT_MS,
				 .handler = { .handle = wait_for_nothing, .finish = witness_finish } });
	fd = client_that_says(cell, "?");
	WAIT_FOR(witness->finished == 1);
	CHECK_TEXT(witness->reason, "request-timeout");
	CHECK_INT(witness->count[FIRST], -ETIMEDOUT);
	CHECK_INT(witness->count[SECOND], -ETIMEDOUT);
	client_close(fd);
}

static int look_at_several(struct brood_conn *conn, void *app)
{
	int file = memfd_create("regular", MFD_CLOEXEC), ends[2], closed;
	int ready, writable, hung_up;

	(void)app;
	if (file < 0 || pipe(ends) < 0)
		return -EIO;
	ready = brood_wait_fd(conn, file, POLLIN | POLLOUT, BROOD_OFF) == (POLLIN | POLLOUT);
	writable = brood_wait_fd(conn, ends[1], POLLOUT, BROOD_OFF) == POLLOUT;
	close(ends[1]);
	hung_up = brood_wait_fd(conn, ends[0], POLLIN, BROOD_OFF) == POLLHUP;
	close(ends[0]);
	closed = brood_wait_fd(conn, ends[0], POLLIN, BROOD_OFF);
	close(file);
	return brood_printf(conn, "%d %d %d %d %d %d %d", ready, writable, hung_up, closed,
		brood_wait_fd(conn, -1, POLLIN, 0), brood_wait_fd(conn, 0, 0, 0), brood_wait_fd(conn, 0, POLLPRI, 0));
}

static void what_is_ready_is_told_at_once(struct cell *cell)
{
	char answer[64];

	snprintf(answer, sizeof answer, "1 1 1 %d %d %d %d", -EBADF, -EBADF, -EINVAL, -EINVAL);
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = look_at_several } });
	client_ask(cell, "?", answer);
}

/* '0': looks again and again at what is always ready. */
static int look_all_the_time(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int file = memfd_create("regular", MFD_CLOEXEC);
	char how = '?';

	brood_read(conn, &how, 1);
	while (how == '0' && witness->go == 0 && brood_wait_fd(conn, file, POLLIN, BROOD_OFF) == POLLIN)
		witness->count[WAITING] = 1;
	close(file);
	return brood_printf(conn, "served");
}

static void one_that_never_has_to_wait_lets_others_go_on(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = look_all_the_time } });
	fd = client_that_says(cell, "0");
	WAIT_FOR(cell->witness->count[WAITING] == 1);
	client_ask(cell, "?", "served");
	cell->witness->go = 1;
	expect_served(fd);
}

/* Of the worker: '0' and '1' wait for these, 'a' and 'b' write to them, each of them once. */
static int pipes[2][2];

static int open_pipes(void *app)
{
	(void)app;
	return pipe(pipes[0]) < 0 || pipe(pipes[1]) < 0 ? -EIO : 0;
}

static int wait_or_write(struct brood_conn *conn, void *app)
{
	char how = '?';

	brood_read(conn, &how, 1);
	if (how == 'a' || how == 'b')
		return write(pipes[how - 'a'][1], "x", 1) == 1 ? brood_printf(conn, "served") : -EIO;
	((struct witness *)app)->count[WAITING]++;
	if (brood_wait_fd(conn, pipes[how - '0'][0], POLLIN, BROOD_OFF) != POLLIN)
		return -EIO;
	return brood_printf(conn, "served");
}

static void each_of_several_waits_for_its_own_or_for_the_same(struct cell *cell)
{
	int fds[4];

	cell_serve(cell,
		&(struct brood_service){ .workers = 1, .handler = { .start = open_pipes, .handle = wait_or_write } });
	for (int i = 0; i < 4; i++)
		fds[i] = client_that_says(cell, i % 2 ? "1" : "0");
	WAIT_FOR(cell->witness->count[WAITING] == 4);
	client_ask(cell, "b", "served");
	expect_served(fds[1]);
	expect_served(fds[3]);
	client_expect_nothing(fds[0], SHORT_MS);
	client_ask(cell, "a", "served");
	expect_served(fds[0]);
	expect_served(fds[2]);
}

const struct contract_case cases_aside[] = {
	CASE(KIND_BOTH, a_descriptor_that_becomes_ready_ends_the_wait),
	CASE(KIND_BOTH, a_wait_ends_with_its_time),
	CASE(KIND_BOTH, a_wait_ends_with_the_requests_time),
	CASE(KIND_BOTH, what_is_ready_is_told_at_once),
	CASE_WHERE(serves_many, KIND_BOTH, one_that_never_has_to_wait_lets_others_go_on),
	CASE_WHERE(serves_many, KIND_BOTH, each_of_several_waits_for_its_own_or_for_the_same),
	{ 0 },
};
