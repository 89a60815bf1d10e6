/* SPDX-License-Identifier: MIT */
/*
 * The bench's client: COUNT connections, each of which sends one request, reads the answer and waits for the
 * server to end. Closed loop: a fixed number open at a time. Open loop (--rate): one begins when its time has come,
 * ready or not, and its latency counts from then; to be on time it spins, on a core of its own.
 * One JSON line on stdout. It is bounded by COUNT and by --seconds.
 *
 * Source addresses rotate through 127.0.0.2 … : the server ends first, so every connection leaves a TIME_WAIT
 * behind, and one address has 28,000 ports only.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SOURCES = 240,
	OPEN_MAX_CONNS = 1024,
	RATE_MAX = 1000 * 1000,
	COUNT_MAX = 10 * 1000 * 1000,
};

#define NS_PER_SEC INT64_C(1000000000)
#define BLOCK      "what is sent comes back, and then the server ends the connection"

_Static_assert(sizeof BLOCK == 64 + 1, "the work of a connection is a block of 64 bytes");

/* What is said, and what the answer begins with. */
struct talk {
	const char *request, *answer;
	bool more; /* the answer may go on */
};

static const struct talk echo = { BLOCK, BLOCK, false };
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
	uint32_t *latency_ns; /* of those that ended well: ended - errors of them */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void client_send(const struct load *load, struct client *client)
{
	ssize_t n = send(client->fd, load->talk->request, strlen(load->talk->request), MSG_NOSIGNAL);

	/* Not connected yet; whatever else is wrong, reading tells. */
	client->sent = !(n < 0 && (errno == EAGAIN || errno == ENOTCONN));
}

static void client_start(struct load *load, struct client *client, int64_t start_ns)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };
	int one = 1;

	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(load->started++ % SOURCES));
	*client = (struct client){ .start_ns = start_ns };
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		err(71, "socket");
	/* Let connect choose the port: bind alone would not know that another server's is no conflict. */
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(client->fd, (struct sockaddr *)&source, sizeof source) < 0)
		err(71, "bind");
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
		int64_t due_ns = now_ns();

		if (load->rate > 0) {
			int64_t planned_ns = load->start_ns + load->started * NS_PER_SEC / load->rate;

			if (planned_ns > due_ns)
				return;
			due_ns = planned_ns;
		}
		client_start(load, load->free[--load->free_count], due_ns);
	}
}

static void client_end(struct load *load, struct client *client, bool good)
{
	int64_t took_ns = now_ns() - client->start_ns;

	close(client->fd);
	if (good)
		load->latency_ns[load->ended - load->errors] = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
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

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(struct load *load, int64_t took_ns)
{
	long good = load->ended - load->errors;
	double seconds = (double)took_ns / 1e9;

	qsort(load->latency_ns, (size_t)good, sizeof *load->latency_ns, compare);
	printf("{\"connections\": %ld, \"errors\": %ld, \"unfinished\": %ld, \"seconds\": %.6f, \"rate\": %.1f, "
	       "\"p50_us\": %.1f, \"p99_us\": %.1f}\n",
		good, load->errors, load->count - load->ended, seconds, (double)good / seconds,
		good ? load->latency_ns[good / 2] / 1e3 : 0, good ? load->latency_ns[good * 99 / 100] / 1e3 : 0);
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
	load->start_ns = now_ns();
	deadline_ns = load->start_ns + seconds * NS_PER_SEC;
	while (load->ended < load->count && now_ns() < deadline_ns) {
		int n;

		start_clients(load);
		n = epoll_wait(load->epoll, events, 64, load->rate > 0 ? 0 : 100);
		for (int i = 0; i < n; i++)
			client_ready(load, events[i].data.ptr);
	}
	report(load, now_ns() - load->start_ns);
}

static long number(const char *text, long max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || value < 1 || value > max)
		errx(64, "%s: not a number from 1 to %ld", text, max);
	return value;
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
	static struct load load = { .server = { .sin_family = AF_INET }, .talk = &echo };
	int option, open_conns = 8, seconds = 30;

	while ((option = getopt_long(argc, argv, "ho:r:s:", options, NULL)) != -1) {
		if (option == 'h')
			load.talk = &http;
		else if (option == 'o')
			open_conns = (int)number(optarg, OPEN_MAX_CONNS);
		else if (option == 'r')
			load.rate = number(optarg, RATE_MAX);
		else if (option == 's')
			seconds = (int)number(optarg, 3600);
		else
			return 64;
	}
	if (argc - optind != 2)
		errx(64, "usage: load [--http] [--open N] [--rate N] [--seconds N] PORT COUNT");
	load.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.server.sin_port = htons((uint16_t)number(argv[optind], 65535));
	load.count = number(argv[optind + 1], COUNT_MAX);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.latency_ns = calloc((size_t)load.count, sizeof *load.latency_ns);
	if (load.epoll < 0 || !load.latency_ns)
		err(71, "start");
	run(&load, open_conns, seconds);
	return load.errors || load.ended < load.count;
}
