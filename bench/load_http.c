/* SPDX-License-Identifier: MIT */
/*
 * The bench's HTTP client: --active of them each ask for --target and wait for the answer, again and again, on a
 * connection that stays or, with --close, on a new one each; --idle of them have been answered once and say nothing
 * more. An answer is right if its status is 200, and its length as announced, and --size if that is given.
 *
 * `load_http [OPTIONS] PORT COUNT` runs once, for COUNT requests (0: any number) or --seconds; with --hold and
 * without COUNT, as it is told on stdin (load_stay.h).
 */
#include "load_stay.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	OPENING_AT_ONCE = 256, /* connected and not yet answered: far fewer than any backlog */
	HEAD_MAX = 1024,       /* of an answer */
	REQUEST_MAX = 1024,
	EVENTS = 256,
	WAIT_MS = 100,
	ENDED = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
};

struct client {
	int fd;
	int64_t sent_ns;
	bool in_body; /* the head is here, and right */
	size_t head_used;
	size_t body_left;
	char head[HEAD_MAX];
};

struct load {
	struct sockaddr_in server;
	int epoll;
	long active, idle, opened;
	bool close;
	long size; /* of the body; -1: as announced */
	char request[REQUEST_MAX];
	size_t request_size;
	struct client *clients; /* the active ones first */
	long ended;             /* by the server, ever, although they were to stay */
};

/* What wrk sends, and six fields of a browser. */
static void compose_request(struct load *load, const char *target)
{
	int size = snprintf(load->request, sizeof load->request,
		"GET %s HTTP/1.1\r\n"
		"Host: 127.0.0.1:%u\r\n"
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
		"Accept-Language: en-US,en;q=0.5\r\n"
		"Accept-Encoding: gzip, deflate\r\n"
		"Upgrade-Insecure-Requests: 1\r\n"
		"Priority: u=0, i\r\n"
		"%s\r\n",
		target, ntohs(load->server.sin_port), load->close ? "Connection: close\r\n" : "");

	if (size < 0 || (size_t)size >= sizeof load->request)
		errx(64, "the target is too long");
	load->request_size = (size_t)size;
}

/* ---- One answer ------------------------------------------------------------------------------------------- */

/* Size of the head, 0 if it goes on, -1 if it is not the one that was asked for. ret_length: of the body. */
static long parse_head(const struct client *client, size_t *ret_length)
{
	static const char status[] = "HTTP/1.1 200 ", length[] = "Content-Length:";
	const char *line = client->head, *end, *limit = client->head + client->head_used;
	long announced = -1;

	while ((end = memchr(line, '\n', (size_t)(limit - line)))) {
		if (line == client->head && strncmp(line, status, sizeof status - 1) != 0)
			return -1;
		if (strncasecmp(line, length, sizeof length - 1) == 0)
			announced = strtol(line + sizeof length - 1, NULL, 10);
		if (end - line == 1) {
			*ret_length = (size_t)announced;
			return announced < 0 ? -1 : end + 1 - client->head;
		}
		line = end + 1;
	}
	return client->head_used == sizeof client->head ? -1 : 0;
}

static bool take_head(const struct load *load, struct client *client, size_t n)
{
	size_t length = 0, rest;
	long size;

	client->head_used += n;
	size = parse_head(client, &length);
	if (size <= 0)
		return size == 0;
	rest = client->head_used - (size_t)size;
	client->in_body = true;
	client->body_left = length - rest;
	return rest <= length && (load->size < 0 || length == (size_t)load->size);
}

/* What is in the buffer is the head and, of a small answer, all of it. Other bodies are counted, not copied: on a
 * stream that is what MSG_TRUNC does. With --close one more byte is asked for, which must not come. */
static ssize_t receive(struct client *client, int flags)
{
	if (!client->in_body)
		return recv(client->fd, client->head + client->head_used, HEAD_MAX - client->head_used, flags);
	return recv(client->fd, NULL, client->body_left > 0 ? client->body_left : 1, flags | MSG_TRUNC);
}

static bool take(const struct load *load, struct client *client, size_t n)
{
	if (!client->in_body)
		return take_head(load, client, n);
	if (n > client->body_left)
		return false;
	client->body_left -= n;
	return true;
}

/* 1: the answer is here, 0: it goes on, -1: it is wrong. */
static int hear(const struct load *load, struct client *client, int flags)
{
	while (load->close || !client->in_body || client->body_left > 0) {
		ssize_t n = receive(client, flags);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n == 0 && client->in_body && client->body_left == 0)
			return 1;
		if (n <= 0 || !take(load, client, (size_t)n))
			return -1;
	}
	return 1;
}

/* ---- Connections ------------------------------------------------------------------------------------------ */

static void client_open(struct load *load, struct client *client)
{
	struct timeval limit = { .tv_sec = LOAD_ANSWER_LIMIT_S };

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		err(71, "socket");
	load_bind_source(client->fd, load->opened++);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(client->fd, (const struct sockaddr *)&load->server, sizeof load->server) < 0)
		err(69, "connect");
}

static bool client_send(const struct load *load, struct client *client)
{
	client->in_body = false;
	client->head_used = 0;
	return send(client->fd, load->request, load->request_size, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)load->request_size;
}

/* The epoll hears of answers if it is active, of its end if not. */
static void client_watch(const struct load *load, struct client *client, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLET, .data.ptr = client };

	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
		err(71, "epoll_ctl");
}

/* The first answer of one that stays, awaited. */
static void client_settle(const struct load *load, long number)
{
	struct client *client = &load->clients[number];

	if (hear(load, client, 0) <= 0)
		errx(69, "connection %ld was not answered as it should", number);
	client_watch(load, client, EPOLLRDHUP | (number < load->active ? EPOLLIN : 0));
}

static void connect_all(struct load *load)
{
	long count = load->active + load->idle;

	load->clients = calloc((size_t)count, sizeof *load->clients);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!load->clients || load->epoll < 0)
		err(71, "start");
	for (long i = 0; i < count + OPENING_AT_ONCE && !load->close; i++) {
		long answered = i - OPENING_AT_ONCE;

		if (i < count) {
			client_open(load, &load->clients[i]);
			if (!client_send(load, &load->clients[i]))
				err(69, "connection %ld: send", i);
		}
		if (answered >= 0 && answered < count)
			client_settle(load, answered);
	}
}

/* ---- One run ---------------------------------------------------------------------------------------------- */

static void client_ask(struct load *load, struct load_run *run, struct client *client)
{
	run->sent++;
	client->sent_ns = load_now_ns();
	if (load->close)
		client_open(load, client);
	if (!client_send(load, client))
		load_run_fail(run, "a request could not be sent");
	if (load->close)
		client_watch(load, client, EPOLLIN);
}

static void client_ready(struct load *load, struct load_run *run, struct client *client)
{
	int heard = hear(load, client, MSG_DONTWAIT);
	int64_t now_ns;

	if (heard < 0)
		load_run_fail(run, "an answer is wrong");
	if (heard <= 0)
		return;
	now_ns = load_now_ns();
	load_run_answered(run, now_ns - client->sent_ns);
	if (load->close)
		close(client->fd);
	if (load_run_goes_on(run, now_ns))
		client_ask(load, run, client);
}

static void turn(struct load *load, struct load_run *run)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(load->epoll, events, EVENTS, WAIT_MS);

	for (int i = 0; i < n; i++) {
		if (load->close || !(events[i].events & ENDED))
			client_ready(load, run, events[i].data.ptr);
		else if (load->ended++ == 0)
			warnx("the server ended a connection");
	}
}

static void run_once(struct load *load, struct load_run *run)
{
	int64_t limit_ns = run->end_ns + LOAD_ANSWER_LIMIT_S * LOAD_NS_PER_SEC;

	for (long i = 0; i < load->active && load_run_goes_on(run, load_now_ns()); i++)
		client_ask(load, run, &load->clients[i]);
	while (run->answered < run->sent && run->errors + load->ended == 0 && load_now_ns() < limit_ns)
		turn(load, run);
	run->errors += load->ended;
}

struct settings {
	const char *target;
	long seconds;
	bool hold;
};

static bool set(struct load *load, struct settings *settings, int option)
{
	if (option == 'a')
		load->active = load_number(optarg, 1, LOAD_CLIENTS_MAX);
	else if (option == 'c')
		load->close = true;
	else if (option == 'h')
		settings->hold = true;
	else if (option == 'i')
		load->idle = load_number(optarg, 0, LOAD_CLIENTS_MAX);
	else if (option == 's')
		settings->seconds = load_number(optarg, 1, LOAD_SECONDS_MAX);
	else if (option == 't')
		settings->target = optarg;
	else if (option == 'z')
		load->size = load_number(optarg, 0, INT32_MAX);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "active", required_argument, NULL, 'a' },
		{ "close", no_argument, NULL, 'c' },
		{ "hold", no_argument, NULL, 'h' },
		{ "idle", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 's' },
		{ "size", required_argument, NULL, 'z' },
		{ "target", required_argument, NULL, 't' },
		{ 0 },
	};
	struct load load = { .active = 32, .size = -1 };
	struct settings settings = { .target = "/", .seconds = 30 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set(&load, &settings, option))
			return 64;
	if (argc - optind != (settings.hold ? 1 : 2))
		errx(64, "usage: load_http [--active N] [--idle N | --close] [--target PATH] [--size N] [--seconds "
			 "N] [--hold] "
			 "PORT [COUNT]");
	load.server = load_server(argv[optind]);
	compose_request(&load, settings.target);
	load_raise_descriptors();
	connect_all(&load);
	if (settings.hold)
		return !load_run_as_told(&load, run_once);
	return !load_run_once(
		&load, run_once, load_number(argv[optind + 1], 0, LOAD_COUNT_MAX), (double)settings.seconds);
}
