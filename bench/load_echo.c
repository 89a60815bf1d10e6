/* SPDX-License-Identifier: MIT */
/*
 * The bench's client of connections that stay: --active of them each send a block and wait for it to come back, again
 * and again; --idle of them have been answered once and say nothing more; --slow of them send a byte each second,
 * evenly spread, and find the one before answered. One thread and one epoll, so that nobody competes with the server.
 *
 * `load_echo [OPTIONS] PORT COUNT` runs once, for COUNT requests (0: any number) or --seconds; with --hold and
 * without COUNT, as it is told on stdin (load_stay.h).
 */
#include "load_stay.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	OPENING_AT_ONCE = 256, /* connected and not yet answered: far fewer than any backlog */
	EVENTS = 256,
	WAIT_NS = 100 * 1000 * 1000,
};

struct client {
	int fd;
	size_t received; /* of the answer */
	int64_t sent_ns;
};

struct load {
	struct sockaddr_in server;
	int epoll;
	long active, idle, slow;
	struct client *clients; /* in this order */
	long ended;             /* by the server, ever */
	long slow_sent;         /* bytes by slow clients, in this run */
	long slow_before;       /* in all runs before: the one whose turn it is goes on from there */
};

/* ---- Connecting ------------------------------------------------------------------------------------------- */

static void client_open(const struct load *load, struct client *client, long number)
{
	struct timeval limit = { .tv_sec = LOAD_ANSWER_LIMIT_S };

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		err(71, "connection %ld", number);
	load_bind_source(client->fd, number);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(client->fd, (const struct sockaddr *)&load->server, sizeof load->server) < 0)
		err(69, "connection %ld", number);
	if (send(client->fd, LOAD_BLOCK, LOAD_BLOCK_SIZE, MSG_NOSIGNAL) != LOAD_BLOCK_SIZE)
		err(69, "connection %ld: send", number);
}

/* The first answer, awaited. From now on the epoll hears of it: of answers if it is active, of its end if not. */
static void client_settle(const struct load *load, struct client *client, long number)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = client };
	char block[LOAD_BLOCK_SIZE];

	if (recv(client->fd, block, sizeof block, MSG_WAITALL) != sizeof block)
		err(69, "connection %ld was not answered", number);
	if (number < load->active)
		event.events |= EPOLLIN;
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
		err(71, "epoll_ctl");
}

static void connect_all(struct load *load)
{
	long count = load->active + load->idle + load->slow;

	load->clients = calloc((size_t)count, sizeof *load->clients);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!load->clients || load->epoll < 0)
		err(71, "start");
	for (long i = 0; i < count + OPENING_AT_ONCE; i++) {
		long answered = i - OPENING_AT_ONCE;

		if (i < count)
			client_open(load, &load->clients[i], i);
		if (answered >= 0 && answered < count)
			client_settle(load, &load->clients[answered], answered);
	}
}

/* ---- One run ---------------------------------------------------------------------------------------------- */

static void client_ask(struct load_run *run, struct client *client, int64_t now_ns)
{
	client->received = 0;
	client->sent_ns = now_ns;
	run->sent++;
	if (send(client->fd, LOAD_BLOCK, LOAD_BLOCK_SIZE, MSG_NOSIGNAL | MSG_DONTWAIT) != LOAD_BLOCK_SIZE)
		load_run_fail(run, "a request could not be sent");
}

static void client_hear(struct load_run *run, struct client *client)
{
	char block[LOAD_BLOCK_SIZE];
	ssize_t n = recv(client->fd, block, sizeof block - client->received, MSG_DONTWAIT);
	int64_t now_ns;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || memcmp(block, &LOAD_BLOCK[client->received], (size_t)n) != 0) {
		load_run_fail(run, "an answer is wrong");
		return;
	}
	client->received += (size_t)n;
	if (client->received < LOAD_BLOCK_SIZE)
		return;
	now_ns = load_now_ns();
	load_run_answered(run, now_ns - client->sent_ns);
	if (load_run_goes_on(run, now_ns))
		client_ask(run, client, now_ns);
}

static int64_t slow_due_ns(const struct load *load, const struct load_run *run)
{
	if (load->slow == 0)
		return INT64_MAX;
	return run->start_ns + load->slow_sent * LOAD_NS_PER_SEC / load->slow;
}

/* Whose turn the number-th byte of this run is. */
static const struct client *slow_client(const struct load *load, long number)
{
	return &load->clients[load->active + load->idle + (load->slow_before + number) % load->slow];
}

/* Whoever's second is over. Its answer is read here and not when it comes, which would cost a wake-up. */
static void slow_send(struct load *load, struct load_run *run, int64_t now_ns)
{
	while (slow_due_ns(load, run) <= now_ns) {
		const struct client *client = slow_client(load, load->slow_sent);
		bool first = load->slow_sent < load->slow; /* in this run: the answer was read by the last one */
		char byte;

		if (!first && recv(client->fd, &byte, 1, MSG_DONTWAIT) != 1)
			load_run_fail(run, "a slow client was not answered within its second");
		if (send(client->fd, LOAD_BLOCK, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
			load_run_fail(run, "a slow client could not send");
		load->slow_sent++;
	}
}

static void slow_finish(struct load *load, struct load_run *run)
{
	long waiting = load->slow_sent < load->slow ? load->slow_sent : load->slow;

	for (long i = 1; i <= waiting && run->errors == 0; i++) {
		char byte;

		/* Blocks for as long as SO_RCVTIMEO says, once. */
		if (recv(slow_client(load, load->slow_sent - i)->fd, &byte, 1, 0) != 1)
			load_run_fail(run, "a slow client was not answered");
	}
}

static void turn(struct load *load, struct load_run *run, int64_t now_ns)
{
	struct epoll_event events[EVENTS];
	int64_t wait_ns = slow_due_ns(load, run) - now_ns;
	struct timespec timeout = { .tv_nsec = wait_ns < 0 ? 0 : wait_ns < WAIT_NS ? wait_ns : WAIT_NS };
	int n = epoll_pwait2(load->epoll, events, EVENTS, &timeout, NULL);

	for (int i = 0; i < n; i++) {
		struct client *client = events[i].data.ptr;

		if (!(events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			client_hear(run, client);
		else if (load->ended++ == 0)
			warnx("the server ended a connection");
	}
}

static void run_once(struct load *load, struct load_run *run)
{
	int64_t now_ns = run->start_ns, limit_ns = run->end_ns + LOAD_ANSWER_LIMIT_S * LOAD_NS_PER_SEC;

	load->slow_before += load->slow_sent;
	load->slow_sent = 0;
	for (long i = 0; i < load->active && load_run_goes_on(run, now_ns); i++)
		client_ask(run, &load->clients[i], load_now_ns());
	while (run->answered < run->sent && run->errors + load->ended == 0 && now_ns < limit_ns) {
		if (load_run_goes_on(run, now_ns))
			slow_send(load, run, now_ns);
		turn(load, run, now_ns);
		now_ns = load_now_ns();
	}
	slow_finish(load, run);
	run->errors += load->ended;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "active", required_argument, NULL, 'a' },
		{ "hold", no_argument, NULL, 'h' },
		{ "idle", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 's' },
		{ "slow", required_argument, NULL, 'w' },
		{ 0 },
	};
	struct load load = { .active = 32 };
	int option;
	long seconds = 30;
	bool hold = false;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			load.active = load_number(optarg, 1, LOAD_CLIENTS_MAX);
		else if (option == 'h')
			hold = true;
		else if (option == 'i')
			load.idle = load_number(optarg, 0, LOAD_CLIENTS_MAX);
		else if (option == 's')
			seconds = load_number(optarg, 1, LOAD_SECONDS_MAX);
		else if (option == 'w')
			load.slow = load_number(optarg, 0, LOAD_CLIENTS_MAX);
		else
			return 64;
	}
	if (argc - optind != (hold ? 1 : 2))
		errx(64, "usage: load_echo [--active N] [--idle N] [--slow N] [--seconds N] [--hold] PORT [COUNT]");
	load.server = load_server(argv[optind]);
	load_raise_descriptors();
	/* Or the slow ones would send late, and in small crowds. */
	prctl(PR_SET_TIMERSLACK, 1);
	connect_all(&load);
	if (hold)
		return !load_run_as_told(&load, run_once);
	return !load_run_once(&load, run_once, load_number(argv[optind + 1], 0, LOAD_COUNT_MAX), (double)seconds);
}
