/* SPDX-License-Identifier: MIT */
/*
 * The bench's client: COUNT connections, each of which sends one request, reads the answer and waits for the
 * server to end. Closed loop: a fixed number open at a time. Open loop (--rate): one begins when its time has come,
 * ready or not, and its latency counts from then; to be on time it spins, on a core of its own.
 * One JSON line on stdout. It is bounded by COUNT and by --seconds.
 *
 * Source addresses rotate: the server ends first, so every connection leaves a TIME_WAIT behind.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	OPEN_MAX_CONNS = 1024,
	RATE_MAX = 1000 * 1000,
};

/* What is said, and what the answer begins with. */
struct talk {
	const char *request, *answer;
	bool more; /* the answer may go on */
};

static const struct talk echo = { LOAD_BLOCK, LOAD_BLOCK, false };
static const struct talk http = { "GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 200 ", true };

struct client {
	int fd;
	bool sent;
	size_t received;
	int64_t start_ns;
};

struct load {
	struct sockaddr_in server;
	const struct talk *talk;
	int epoll;
	long count, started, ended, errors, rate;
	int64_t start_ns;
	struct client *free[OPEN_MAX_CONNS]; /* a stack */
	int free_count;
	struct load_latencies latencies; /* of those that ended well */
};

static void client_send(const struct load *load, struct client *client)
{
	ssize_t n = send(client->fd, load->talk->request, strlen(load->talk->request), MSG_NOSIGNAL);

	/* Not connected yet; whatever else is wrong, reading tells. */
	client->sent = !(n < 0 && (errno == EAGAIN || errno == ENOTCONN));
}

static void client_start(struct load *load, struct client *client, int64_t start_ns)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };

	*client = (struct client){ .start_ns = start_ns };
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		err(71, "socket");
	load_bind_source(client->fd, load->started++);
	if (connect(client->fd, (struct sockaddr *)&load->server, sizeof load->server) < 0 && errno != EINPROGRESS)
		err(69, "connect");
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
		err(71, "epoll_ctl");
	client_send(load, client);
}

/* Whoever may begin by now. */
static void start_clients(struct load *load)
{
	while (load->free_count > 0 && load->started < load->count) {
		int64_t due_ns = load_now_ns();

		if (load->rate > 0) {
			int64_t planned_ns = load->start_ns + load->started * LOAD_NS_PER_SEC / load->rate;

			if (planned_ns > due_ns)
				return;
			due_ns = planned_ns;
		}
		client_start(load, load->free[--load->free_count], due_ns);
	}
}

static void client_end(struct load *load, struct client *client, bool good)
{
	int64_t took_ns = load_now_ns() - client->start_ns;

	close(client->fd);
	if (good)
		load_latencies_add(&load->latencies, took_ns);
	else
		load->errors++;
	load->ended++;
	load->free[load->free_count++] = client;
}

/* False: that is not the answer. */
static bool client_hear(const struct talk *talk, struct client *client, const char *block, size_t size)
{
	size_t expected = strlen(talk->answer), before = client->received;
	size_t known = before < expected ? expected - before : 0;

	client->received += size;
	if (client->received > expected && !talk->more)
		return false;
	return memcmp(talk->answer + before, block, size < known ? size : known) == 0;
}

static void client_ready(struct load *load, struct client *client)
{
	char block[4096];

	if (!client->sent)
		client_send(load, client);
	for (;;) {
		ssize_t n = recv(client->fd, block, sizeof block, 0);

		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return;
		if (n <= 0) {
			client_end(load, client, n == 0 && client->received >= strlen(load->talk->answer));
			return;
		}
		if (!client_hear(load->talk, client, block, (size_t)n)) {
			client_end(load, client, false);
			return;
		}
	}
}

static void report(struct load *load, int64_t took_ns)
{
	long good = load->ended - load->errors;
	double seconds = (double)took_ns / 1e9;

	load_latencies_sort(&load->latencies);
	printf("{\"connections\": %ld, \"errors\": %ld, \"unfinished\": %ld, \"seconds\": %.6f, \"rate\": %.1f, "
	       "\"p50_us\": %.1f, \"p99_us\": %.1f}\n",
		good, load->errors, load->count - load->ended, seconds, (double)good / seconds,
		load_percentile_us(&load->latencies, 50), load_percentile_us(&load->latencies, 99));
}

static void run(struct load *load, int open_conns, int seconds)
{
	static struct client clients[OPEN_MAX_CONNS];
	struct epoll_event events[64];
	int64_t deadline_ns;

	while (load->free_count < open_conns) {
		load->free[load->free_count] = &clients[load->free_count];
		load->free_count++;
	}
	load->start_ns = load_now_ns();
	deadline_ns = load->start_ns + seconds * LOAD_NS_PER_SEC;
	while (load->ended < load->count && load_now_ns() < deadline_ns) {
		int n;

		start_clients(load);
		n = epoll_wait(load->epoll, events, 64, load->rate > 0 ? 0 : 100);
		for (int i = 0; i < n; i++)
			client_ready(load, events[i].data.ptr);
	}
	report(load, load_now_ns() - load->start_ns);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "http", no_argument, NULL, 'h' },
		{ "open", required_argument, NULL, 'o' },
		{ "rate", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ 0 },
	};
	static struct load load = { .talk = &echo };
	int option, open_conns = 8, seconds = 30;

	while ((option = getopt_long(argc, argv, "ho:r:s:", options, NULL)) != -1) {
		if (option == 'h')
			load.talk = &http;
		else if (option == 'o')
			open_conns = (int)load_number(optarg, 1, OPEN_MAX_CONNS);
		else if (option == 'r')
			load.rate = load_number(optarg, 1, RATE_MAX);
		else if (option == 's')
			seconds = (int)load_number(optarg, 1, LOAD_SECONDS_MAX);
		else
			return 64;
	}
	if (argc - optind != 2)
		errx(64, "usage: load [--http] [--open N] [--rate N] [--seconds N] PORT COUNT");
	load.server = load_server(argv[optind]);
	load.count = load_number(argv[optind + 1], 1, LOAD_COUNT_MAX);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.epoll < 0)
		err(71, "start");
	run(&load, open_conns, seconds);
	return load.errors || load.ended < load.count;
}
