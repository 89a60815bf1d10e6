/* SPDX-License-Identifier: MIT */
/* Workers that are there before their clients: what is old about them and what is new, how they go, who comes instead. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

/* Nobody's: limits on processes count by user, and root has none. */
#define UID_OF_ITS_OWN 2147480001u

#define SOON_MS        100

static bool is_ahead(const struct cell *cell)
{
	return cell->model->ahead;
}

/* How many there are of those that serve many does not follow their clients. */
static bool is_ahead_of_one_at_a_time(const struct cell *cell)
{
	return cell->model->ahead && !cell->model->many;
}

static bool is_of_many(const struct cell *cell)
{
	return cell->model->many;
}

static bool is_reused(const struct cell *cell)
{
	return cell->model->ahead && !cell->model->fresh;
}

static bool is_fresh(const struct cell *cell)
{
	return cell->model->ahead && cell->model->fresh;
}

static bool is_ahead_on_unix_stream(const struct cell *cell)
{
	return cell->model->ahead && cell->transport->family == AF_UNIX && !cell->transport->datagram;
}

/* ---- What a client finds ---- */

static int memory;

static int count_calls(struct brood_conn *conn, void *app)
{
	(void)app;
	witness_hear(conn);
	return brood_printf(conn, "%d", ++memory);
}

static void a_worker_remembers_what_its_handler_left(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = count_calls } });
	client_ask(cell, "?", "1");
	client_ask(cell, "?", "2");
	client_ask(cell, "?", "3");
}

static void a_fresh_worker_remembers_nothing(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = count_calls } });
	client_ask(cell, "?", "1");
	client_ask(cell, "?", "1");
	client_ask(cell, "?", "1");
}

/* ---- Coming and going ---- */

/* count: [0] pid of the last one, [1] how often it was another one than before. */
static int tell_pid(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int pid = (int)getpid();

	witness_hear(conn);
	if (atomic_exchange(&witness->count[0], pid) != pid)
		witness->count[1]++;
	return brood_printf(conn, "served");
}

static int lines_with(struct cell *cell, const char *text)
{
	int count = 0;

	for (const char *next = cell_log(cell); (next = strstr(next, text)); next++)
		count++;
	return count;
}

static void one_killed_while_it_waits_is_replaced_at_once(struct cell *cell)
{
	long long begin;

	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = tell_pid } });
	client_ask(cell, "?", "served");
	for (int i = 0; i < 3; i++) {
		/* It has left that one's hands. */
		WAIT_FOR(lines_with(cell, ": end ") == i + 1);
		CHECK(kill(cell->witness->count[0], SIGKILL) == 0);
		/* One that is being killed may still take a client from the queue, and die with it. */
		WAIT_FOR(lines_with(cell, ": died ") == i + 1);
		begin = cell_now_ms();
		client_ask(cell, "?", "served");
		CHECK(cell_now_ms() - begin < 20 * SOON_MS); /* a machine at work besides */
	}
	CHECK_INT(cell->witness->count[1], 4);
	cell_stop(cell);
	CHECK(cell_logged(cell, "died"));
	CHECK(cell_logged(cell, "signal 9"));
	CHECK_INT(cell_log_number(cell, "ended"), 4);
}

static void recycling_loses_nobody(struct cell *cell)
{
	cell_serve(
		cell, &(struct brood_service){ .workers = 2, .max_requests = 10, .handler = { .handle = tell_pid } });
	for (int i = 0; i < 200; i++)
		client_ask(cell, "?", "served");
	CHECK(cell->witness->count[1] >= 4);
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "ended"), 200);
	CHECK(!cell_logged(cell, "died"));
}

#define MOST_REQUESTS 9 /* too few for a tenth more or less */

static int tell_pid_again(struct brood_conn *conn, void *app)
{
	char line[8];
	ssize_t n = brood_readline(conn, line, sizeof line);
	int r;

	(void)app;
	if (n <= 0)
		return (int)n;
	r = brood_printf(conn, "%10d", (int)getpid());
	return r < 0 ? r : BROOD_AGAIN;
}

static int pid_of(int fd)
{
	char answer[16] = "";

	client_say(fd, "?\n");
	CHECK_INT(recv(fd, answer, 10, MSG_WAITALL), 10);
	return atoi(answer);
}

static int pid_for_a_new_client(struct cell *cell)
{
	int fd = client_connect(cell);
	int pid = pid_of(fd);

	client_close(fd);
	return pid;
}

/* A client that stays and asks makes a worker as old as many who leave. */
static void requests_of_who_stays_count(struct cell *cell)
{
	int fd, pid, others = 0;

	cell_serve(
		cell, &(struct brood_service){
			      .workers = 1, .max_requests = MOST_REQUESTS, .handler = { .handle = tell_pid_again } });
	fd = client_connect(cell);
	pid = pid_of(fd);
	for (int i = 1; i < MOST_REQUESTS; i++)
		CHECK_INT(pid_of(fd), pid);
	/* Each is called for twice; they are fewer than would make it as old by themselves. */
	while (pid_for_a_new_client(cell) == pid && ++others < MOST_REQUESTS / 3)
		cell_sleep_ms(2 * SOON_MS);
	CHECK(others < MOST_REQUESTS / 3);
	client_close(fd);
	cell_stop(cell);
	CHECK(!cell_logged(cell, "died"));
}

static int grow(struct brood_conn *conn, void *app)
{
	static char hoard[64 * 1024 * 1024];

	memset(hoard, 1, sizeof hoard);
	return tell_pid(conn, app);
}

static void one_that_grew_is_replaced(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){
				 .workers = 1, .recycle_memory_kib = 32 * 1024, .handler = { .handle = grow } });
	for (int i = 0; i < PATIENCE_MS && cell->witness->count[1] < 3; i++) {
		client_ask(cell, "?", "served");
		cell_sleep_ms(1);
	}
	CHECK(cell->witness->count[1] >= 3);
}

static int allocate(struct brood_conn *conn, void *app)
{
	void *much = malloc(256 * 1024 * 1024);
	int r;

	(void)app;
	witness_hear(conn);
	r = brood_printf(conn, much ? "given" : "refused");
	free(much);
	return r;
}

/* Sanitizers map more than any limit for their own ends. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static bool is_process_of_its_own(const struct cell *cell)
{
	return cell->model->processes && !SANITIZED;
}

static void beyond_max_memory_there_is_none(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .max_memory_kib = 192 * 1024, .handler = { .handle = allocate } });
	client_ask(cell, "?", "refused");
}

static int wait_until_told(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness->count[0]++;
	while (witness->go == 0 && brood_sleep(conn, 5) == 0)
		continue;
	return brood_printf(conn, "served");
}

static void a_pool_that_breathes_grows_with_its_clients(struct cell *cell)
{
	int fds[4];

	cell_serve(cell, &(struct brood_service){ .workers_min = 1,
				 .workers_max = 4,
				 .workers_spare = 1,
				 .handler = { .handle = wait_until_told } });
	for (int i = 0; i < 4; i++) {
		fds[i] = client_connect(cell);
		client_say(fds[i], "?");
	}
	WAIT_FOR(cell->witness->count[0] == 4);
	cell->witness->go = 1;
	for (int i = 0; i < 4; i++) {
		client_expect(fds[i], "served");
		client_close(fds[i]);
	}
}

/* ---- Who cannot be made ---- */

static void forbid_workers(bool forbid)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		_exit(EXIT_FAILURE);
	limit.rlim_cur = forbid ? 0 : limit.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &limit) < 0)
		_exit(EXIT_FAILURE);
}

static int drive_without_processes(struct cell *cell, struct brood *engine)
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

static int leave(struct brood_conn *conn, void *app)
{
	(void)app;
	witness_hear(conn);
	exit(EXIT_FAILURE);
}

static int leave_or_answer(struct brood_conn *conn, void *app)
{
	return ((struct witness *)app)->count[5] ? tell_pid(conn, app) : leave(conn, app);
}

/* A keeper is there already, with limits of its own. */
static bool is_ahead_without_keepers(const struct cell *cell)
{
	return cell->model->ahead && !cell->model->last_words;
}

static void without_processes_clients_wait_and_are_then_served(struct cell *cell)
{
	int fd;

	cell->drive = drive_without_processes;
	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = leave_or_answer } });
	WAIT_FOR(cell->witness->count[3] == 1);
	fd = client_connect(cell);
	client_say(fd, "?");
	if (!cell->transport->datagram)
		client_finish(fd);
	WAIT_FOR(cell_logged(cell, "cannot make a worker"));
	client_close(fd);
	cell->witness->count[5] = 1;
	fd = client_connect(cell);
	client_say(fd, "?");
	if (!cell->transport->datagram)
		client_finish(fd);
	client_expect_nothing(fd, 2 * SOON_MS);
	cell->witness->count[4] = 1;
	client_expect(fd, "served");
	client_close(fd);
}

/* ---- Answering for the dead ---- */

/* The first byte says how: at once, or after a part of the answer. */
static int die(struct brood_conn *conn, void *app)
{
	char how = '?';

	(void)app;
	brood_read(conn, &how, 1);
	if (how == 'w')
		brood_printf(conn, "the beginning");
	if (how != 'n')
		raise(SIGKILL);
	return brood_printf(conn, "served");
}

static void the_dead_have_last_words_unless_they_spoke(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){
				 .last_words = "sorry\n", .last_words_size = 6, .handler = { .handle = die } });
	for (int i = 0; i < 3; i++) {
		fd = client_connect(cell);
		client_say(fd, "at once");
		client_expect(fd, "sorry\n");
		client_expect_end(fd);
		client_close(fd);
	}
	fd = client_connect(cell);
	client_say(fd, "while speaking");
	client_expect(fd, "the beginning");
	client_expect_over(fd);
	client_close(fd);
	client_ask(cell, "not", "served");
	cell_stop(cell);
	CHECK_INT(cell_log_number(cell, "ended"), 5);
}

/* ---- What a handler leaves open ---- */

static int leak(struct brood_conn *conn, void *app)
{
	witness_hear(conn);
	((struct witness *)app)->count[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return brood_printf(conn, "leaked");
}

static void look_for_leaks(struct cell *cell)
{
	(void)cell;
	if (setenv("BROOD_CHECK_ARENA", "1", 1) < 0)
		_exit(EXIT_FAILURE);
}

static void what_a_handler_leaks_is_told_to_who_asks(struct cell *cell)
{
	cell->prepare = look_for_leaks;
	cell->hoards = true;
	cell_serve(cell, &(struct brood_service){ .workers = 1, .handler = { .handle = leak } });
	client_ask(cell, "?", "leaked");
	WAIT_FOR(cell_logged(cell, "holds what it did not hold"));
	CHECK(cell_logged(cell, "(/dev/null)"));
}

#define LEAKS    12
#define STATIONS 3 /* a pool of one worker may have so many, each with a table of its own */

static void what_a_handler_leaks_goes_with_its_worker(struct cell *cell)
{
	int numbers[STATIONS], count = 0;

	/* With last words, so that there is a keeper whose table it is. */
	cell_serve(
		cell, &(struct brood_service){
			      .workers = 1, .last_words = "?", .last_words_size = 1, .handler = { .handle = leak } });
	for (int i = 0; i < LEAKS; i++) {
		int known = 0;

		client_ask(cell, "?", "leaked");
		while (known < count && numbers[known] != cell->witness->count[0])
			known++;
		/* A number that nobody had before: the one that was free is not free any more. */
		CHECK(known < count || count < STATIONS);
		if (known == count)
			numbers[count++] = cell->witness->count[0];
	}
}

/* ---- What cannot be ---- */

static int drive_connection(struct cell *cell, struct brood *engine)
{
	struct brood *second = brood_new();
	int pair[2];
	char url[32];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	snprintf(url, sizeof url, "fd://%d", pair[0]);
	CHECK_INT(brood_add(second, &(struct brood_service){ .listen = url,
					    .model = cell->model->model,
					    .handler = { .handle = witness_echo } }),
		0);
	CHECK_INT(brood_start(second), -EINVAL);
	CHECK(strstr(brood_error(second), "is a connection already"));
	brood_free(second);
	close(pair[1]);
	return brood_run(engine);
}

static void a_connection_has_no_queue_to_accept_from(struct cell *cell)
{
	cell->drive = drive_connection;
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = tell_pid } });
	client_ask(cell, "?", "served");
	cell_stop(cell);
}

const struct contract_case cases_standing[] = {
	CASE_WHERE(is_reused, KIND_BOTH, a_worker_remembers_what_its_handler_left),
	CASE_WHERE(is_fresh, KIND_BOTH, a_fresh_worker_remembers_nothing),
	CASE_WHERE(is_reused, KIND_BOTH, one_killed_while_it_waits_is_replaced_at_once),
	CASE_WHERE(is_reused, KIND_BOTH, recycling_loses_nobody),
	CASE_WHERE(is_of_many, KIND_STREAMS, requests_of_who_stays_count),
	CASE_WHERE(is_reused, KIND_BOTH, one_that_grew_is_replaced),
	CASE_WHERE(is_process_of_its_own, KIND_BOTH, beyond_max_memory_there_is_none),
	CASE_WHERE(is_ahead_of_one_at_a_time, KIND_BOTH, a_pool_that_breathes_grows_with_its_clients),
	CASE_WHERE(is_ahead_without_keepers, KIND_BOTH, without_processes_clients_wait_and_are_then_served),
	CASE_WHERE(is_ahead, KIND_STREAMS, the_dead_have_last_words_unless_they_spoke),
	CASE_WHERE(is_reused, KIND_BOTH, what_a_handler_leaks_is_told_to_who_asks),
	CASE_WHERE(is_fresh, KIND_BOTH, what_a_handler_leaks_goes_with_its_worker),
	CASE_WHERE(is_ahead_on_unix_stream, KIND_STREAMS, a_connection_has_no_queue_to_accept_from),
	{ 0 },
};
