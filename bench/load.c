/* SPDX-License-Identifier: MIT */
/*
 * The bench's client: COUNT connections, a fixed number open at a time, each of which sends one block, reads it
 * back and waits for the server to end. One JSON line on stdout. It is bounded by COUNT and by --seconds.
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
	MESSAGE = 64,
	SOURCES = 240,
	OPEN_MAX_CONNS = 1024,
	COUNT_MAX = 10 * 1000 * 1000,
};

struct client {
	int fd;
	bool sent;
	int received;
	int64_t start_ns;
};

struct load {
	struct sockaddr_in server;
	int epoll;
	long count, started, ended, errors;
	uint32_t *latency_ns; /* of those that ended well: ended - errors of them */
};

static const char message[MESSAGE] = "what is sent comes back, and then the server ends the connection";

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void client_send(struct client *client)
{
	ssize_t n = send(client->fd, message, MESSAGE, MSG_NOSIGNAL);

	/* Not connected yet; whatever else is wrong, reading tells. */
	client->sent = !(n < 0 && (errno == EAGAIN || errno == ENOTCONN));
}

static void client_start(struct load *load, struct client *client)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };
	int one = 1;

	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(load->started++ % SOURCES));
	*client = (struct client){ .start_ns = now_ns() };
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
	client_send(client);
}

static void client_end(struct load *load, struct client *client, bool good)
{
	int64_t took_ns = now_ns() - client->start_ns;

	close(client->fd);
	client->fd = -1;
	if (good)
		load->latency_ns[load->ended - load->errors] = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
	else
		load->errors++;
	load->ended++;
	if (load->started < load->count)
		client_start(load, client);
}

static void client_ready(struct load *load, struct client *client)
{
	char block[MESSAGE + 1];

	if (!client->sent)
		client_send(client);
	for (;;) {
		ssize_t n = recv(client->fd, block, sizeof block, 0);

		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return;
		if (n <= 0) {
			client_end(load, client, n == 0 && client->received == MESSAGE);
			return;
		}
		if (client->received + n > MESSAGE || memcmp(message + client->received, block, (size_t)n) != 0) {
			client_end(load, client, false);
			return;
		}
		client->received += (int)n;
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
	int64_t start_ns = now_ns(), deadline_ns = start_ns + seconds * INT64_C(1000000000);

	for (int i = 0; i < open_conns && load->started < load->count; i++)
		client_start(load, &clients[i]);
	while (load->ended < load->count && now_ns() < deadline_ns) {
		int n = epoll_wait(load->epoll, events, 64, 100);

		for (int i = 0; i < n; i++)
			client_ready(load, events[i].data.ptr);
	}
	report(load, now_ns() - start_ns);
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
		{ "open", required_argument, NULL, 'o' },
		{ "seconds", required_argument, NULL, 's' },
		{ 0 },
	};
	struct load load = { .server = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	int option, open_conns = 8, seconds = 30;

	while ((option = getopt_long(argc, argv, "o:s:", options, NULL)) != -1) {
		if (option == 'o')
			open_conns = (int)number(optarg, OPEN_MAX_CONNS);
		else if (option == 's')
			seconds = (int)number(optarg, 3600);
		else
			return 64;
	}
	if (argc - optind != 2)
		errx(64, "usage: load [--open N] [--seconds N] PORT COUNT");
	load.server.sin_port = htons((uint16_t)number(argv[optind], 65535));
	load.count = number(argv[optind + 1], COUNT_MAX);
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.latency_ns = calloc((size_t)load.count, sizeof *load.latency_ns);
	if (load.epoll < 0 || !load.latency_ns)
		err(71, "start");
	run(&load, open_conns, seconds);
	return load.errors || load.ended < load.count;
}
