/* SPDX-License-Identifier: MIT */
/*
 * The floor of HTTP: the loop of echo_epoll.c with a parser by hand that is as honest as it must be to serve a browser:
 * heads in pieces, several heads in one read, Host and Connection, a Date that is right. It has one answer, and
 * knows neither bodies nor deadlines nor slow readers. A connection has no state unless its head is in pieces.
 */
#include "bare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum {
	EVENTS = 256,
	ACCEPTS_PER_TURN = 16,
	READ_SIZE = 8192, /* and the longest head */
	OUT_SIZE = 16384,
	ANSWER_MAX = 256,
	FDS_MAX = 65536,
};

struct request {
	bool valid, found, close;
	unsigned hosts;
};

struct answer {
	char text[ANSWER_MAX];
	size_t size;
};

/* Of each descriptor, the head that has begun. */
struct piece {
	char *bytes;
	size_t size;
};

static int listener, epoll;
static struct piece pieces[FDS_MAX];
static struct answer hello, hello_close, missing, malformed;

/* ---- Answers, made anew each second ------------------------------------------------------------------------ */

static void compose(struct answer *answer, const char *status, const char *connection, const char *body)
{
	char date[32];
	time_t now = time(NULL);

	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S", gmtime(&now));
	answer->size = (size_t)snprintf(answer->text, sizeof answer->text,
		"HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nDate: %s GMT\r\nContent-Length: "
		"%zu\r\n%s\r\n%s",
		status, date, strlen(body), connection, body);
}

static void compose_all(void)
{
	static time_t composed;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec == composed)
		return;
	composed = now.tv_sec;
	compose(&hello, "200 OK", "", "Hello, World!\n");
	compose(&hello_close, "200 OK", "Connection: close\r\n", "Hello, World!\n");
	compose(&missing, "404 Not Found", "", "no\n");
	compose(&malformed, "400 Bad Request", "Connection: close\r\n", "what?\n");
}

/* ---- Requests ---------------------------------------------------------------------------------------------- */

static bool is(const char *text, size_t size, const char *word)
{
	return size == strlen(word) && strncasecmp(text, word, size) == 0;
}

/* METHOD SP TARGET SP HTTP/1.x */
static void parse_line(struct request *request, const char *line, size_t size)
{
	const char *end = line + size, *target = memchr(line, ' ', size), *version;

	if (!target || target == line)
		return;
	target++;
	version = memchr(target, ' ', (size_t)(end - target));
	if (!version || end - version != 9 || memcmp(version, " HTTP/1.", 8) != 0)
		return;
	request->valid = true;
	request->close = version[8] == '0';
	request->found = is(line, (size_t)(target - 1 - line), "GET") && version - target == 1 && *target == '/';
}

static void parse_field(struct request *request, const char *line, size_t size)
{
	const char *colon = memchr(line, ':', size), *value, *end = line + size;

	if (!colon || colon == line) {
		request->valid = false;
		return;
	}
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	if (is(line, (size_t)(colon - line), "Host"))
		request->hosts++;
	else if (is(line, (size_t)(colon - line), "Connection"))
		request->close = is(value, (size_t)(end - value), "close");
}

/* Size of the head at the beginning of these bytes; 0: it goes on. */
static size_t parse(struct request *request, const char *bytes, size_t size)
{
	const char *line = bytes, *end;

	*request = (struct request){ 0 };
	while ((end = memchr(line, '\n', size - (size_t)(line - bytes)))) {
		size_t length = (size_t)(end - line) - (end > line && end[-1] == '\r');

		if (line == bytes)
			parse_line(request, line, length);
		else if (length > 0)
			parse_field(request, line, length);
		else
			return (size_t)(end + 1 - bytes);
		line = end + 1;
	}
	return 0;
}

static const struct answer *choose(struct request *request)
{
	if (!request->valid || request->hosts != 1) {
		request->close = true;
		return &malformed;
	}
	if (!request->found)
		return &missing;
	return request->close ? &hello_close : &hello;
}

/* ---- Connections ------------------------------------------------------------------------------------------- */

static bool flush(int fd, const char *out, size_t size)
{
	return size == 0 || send(fd, out, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool keep_piece(int fd, const char *bytes, size_t size)
{
	struct piece *piece = &pieces[fd];

	if (size == 0) {
		free(piece->bytes);
		*piece = (struct piece){ 0 };
		return true;
	}
	if (!piece->bytes)
		piece->bytes = malloc(READ_SIZE);
	if (!piece->bytes)
		return false;
	memmove(piece->bytes, bytes, size);
	piece->size = size;
	return size < READ_SIZE;
}

/* All whole heads of these bytes, answered in one go. False: the connection is over. */
static bool answer_all(int fd, const char *bytes, size_t size)
{
	char out[OUT_SIZE];
	size_t used = 0, out_size = 0, head;
	struct request request;
	bool over = false;

	while (used < size && !over && (head = parse(&request, bytes + used, size - used)) > 0) {
		const struct answer *answer = choose(&request);

		used += head;
		over = request.close;
		if (out_size + answer->size > sizeof out) {
			if (!flush(fd, out, out_size))
				return false;
			out_size = 0;
		}
		memcpy(out + out_size, answer->text, answer->size);
		out_size += answer->size;
	}
	if (!flush(fd, out, out_size) || over)
		return false;
	return (used == size && !pieces[fd].bytes) || keep_piece(fd, bytes + used, size - used);
}

/* False: the connection is over. */
static bool serve(int fd, uint32_t events)
{
	char block[READ_SIZE];
	ssize_t n;
	size_t room;

	do {
		struct piece *piece = &pieces[fd];
		char *bytes = piece->bytes ? piece->bytes : block;

		room = READ_SIZE - piece->size;
		n = recv(fd, bytes + piece->size, room, 0);
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0 || !answer_all(fd, bytes, piece->size + (size_t)n))
			return false;
	} while ((size_t)n == room || events & EPOLLRDHUP);
	return true;
}

static void end(int fd)
{
	keep_piece(fd, NULL, 0);
	close(fd);
}

static void watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(71, "epoll_ctl");
}

/* Mostly the request came along with the client, and often it is the only one: then epoll need not know. */
static void take_clients(void)
{
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0 || fd >= FDS_MAX)
			err(71, "accept");
		if (serve(fd, 0))
			watch(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
		else
			end(fd);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	listener = bare_listen(argc, argv, SOCK_NONBLOCK);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(listener, EPOLLIN);

	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		compose_all();
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				take_clients();
			else if (!serve(events[i].data.fd, events[i].events))
				end(events[i].data.fd);
		}
	}
}
