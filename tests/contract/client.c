/* SPDX-License-Identifier: MIT */
/* Plain sockets, blocking, with a time limit on every call. */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_SIZE 65536

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* From a URL as brood_listening gives it. */
static socklen_t address_of(const char *url, union address *ret_address)
{
	union address address = { .any = { 0 } };
	const char *place = strchr(url, ':') + 1;
	const char *port = strrchr(url, ':') + 1;
	size_t size;

	if (strncmp(place, "//[", 3) == 0) {
		address.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
			.sin6_port = htons((uint16_t)atoi(port)),
			.sin6_addr = IN6ADDR_LOOPBACK_INIT };
		*ret_address = address;
		return sizeof address.in6;
	}
	if (strncmp(place, "//", 2) == 0) {
		char host[INET_ADDRSTRLEN] = "";

		memcpy(host, place + 2, (size_t)(port - 1 - (place + 2)));
		address.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
		CHECK(inet_pton(AF_INET, host, &address.in.sin_addr) == 1);
		*ret_address = address;
		return sizeof address.in;
	}
	size = strlen(place);
	address.un.sun_family = AF_UNIX;
	CHECK(size < sizeof address.un.sun_path);
	memcpy(address.un.sun_path, place, size);
	*ret_address = address;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
}

static int open_socket(struct cell *cell)
{
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	int type = cell->transport->datagram ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(cell->transport->family, type | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
	return fd;
}

static int finish_connect(int fd, const char *url)
{
	union address address;
	socklen_t size = address_of(url, &address);

	if (connect(fd, &address.any, size) < 0)
		cell_fail(__FILE__, __LINE__, "connect to %s: %s", url, strerror(errno));
	return fd;
}

int client_connect_to(struct cell *cell, const char *url)
{
	int fd = open_socket(cell);

	/* A family alone makes the kernel choose an abstract name. */
	if (cell->transport->datagram && cell->transport->family == AF_UNIX)
		CHECK(bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)) == 0);
	return finish_connect(fd, url);
}

int client_connect(struct cell *cell)
{
	return client_connect_to(cell, cell->witness->url[0]);
}

int client_connect_small(struct cell *cell, int buffer_size)
{
	int fd = open_socket(cell);

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size) == 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size) == 0);
	return finish_connect(fd, cell->witness->url[0]);
}

int client_connect_nameless(struct cell *cell)
{
	return finish_connect(open_socket(cell), cell->witness->url[0]);
}

void client_send(int fd, const void *data, size_t size)
{
	const char *bytes = data;

	do {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0)
			cell_fail(__FILE__, __LINE__, "send: %s", strerror(errno));
		bytes += n;
		size -= (size_t)n;
	} while (size > 0);
}

void client_say(int fd, const char *text)
{
	client_send(fd, text, strlen(text));
}

void client_try_say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		CHECK(errno == EPIPE || errno == ECONNRESET);
}

void client_finish(int fd)
{
	/* ENOTCONN: the other side was quicker, and reset it. */
	CHECK(shutdown(fd, SHUT_WR) == 0 || errno == ENOTCONN);
}

void client_reset(int fd)
{
	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger)) == 0);
	close(fd);
}

void client_close(int fd)
{
	close(fd);
}

void client_expect(int fd, const char *text)
{
	char answer[ANSWER_SIZE];
	size_t wanted = strlen(text), got = 0;

	do {
		ssize_t n = recv(fd, answer + got, wanted - got, 0);

		if (n < 0)
			cell_fail(__FILE__, __LINE__, "recv: %s, expecting \"%s\"", strerror(errno), text);
		got += (size_t)n;
		if (n == 0 && got < wanted)
			cell_fail(
				__FILE__, __LINE__, "ended after \"%.*s\", expecting \"%s\"", (int)got, answer, text);
	} while (got < wanted);
	if (memcmp(answer, text, wanted) != 0)
		cell_fail(__FILE__, __LINE__, "got \"%.*s\", expecting \"%s\"", (int)got, answer, text);
}

void client_expect_end(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	if (n != 0)
		cell_fail(__FILE__, __LINE__, "expecting the end: %s", n > 0 ? "a byte came" : strerror(errno));
}

void client_expect_reset(int fd)
{
	char byte;

	CHECK_INT(recv(fd, &byte, 1, 0), -1);
	CHECK_INT(errno, ECONNRESET);
}

void client_expect_over(int fd)
{
	char nowhere[4096];
	ssize_t n;

	while ((n = recv(fd, nowhere, sizeof nowhere, 0)) > 0)
		continue;
	if (n < 0 && errno != ECONNRESET)
		cell_fail(__FILE__, __LINE__, "expecting an end: %s", strerror(errno));
}

void client_expect_nothing(int fd, int ms)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	CHECK_INT(poll(&readable, 1, ms), 0);
}

size_t client_read_all(int fd, char *buf, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size && (n = recv(fd, buf + got, size - got, 0)) > 0)
		got += (size_t)n;
	return got;
}

/* A question that came when its handler had answered and closed already is answered by a reset. */
static void expect_over(int fd, bool unread)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK);

	if (!unread || n >= 0 || errno != ECONNRESET)
		client_expect_end(fd);
}

void client_ask(struct cell *cell, const char *question, const char *answer)
{
	int fd = client_connect(cell);

	client_try_say(fd, question); /* a handler that does not listen may have answered and left already */
	if (!cell->transport->datagram)
		client_finish(fd);
	client_expect(fd, answer);
	if (!cell->transport->datagram)
		expect_over(fd, strcmp(question, "?") == 0);
	client_close(fd);
}
