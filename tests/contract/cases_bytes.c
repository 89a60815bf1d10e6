/* SPDX-License-Identifier: MIT */
/* Bytes come and go: read, readline, write, printf, sendfile, stdio. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define MEBIBYTE (1024 * 1024)

static const struct brood_handler echo = { .handle = witness_echo, .finish = witness_finish };

static void what_is_sent_comes_back(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = echo });
	for (int i = 0; i < 3; i++)
		client_ask(cell, "hello", "hello");
	WAIT_FOR(cell->witness->finished == 3);
	CHECK_TEXT(cell->witness->reason, "finished");
	CHECK_INT(cell->witness->bytes_in, 5);
	CHECK_INT(cell->witness->bytes_out, cell->transport->datagram ? cell->witness->bytes_out : 5);
	CHECK_INT(cell->witness->requests, 1);
}

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

static size_t send_some(int fd, size_t sent, size_t total)
{
	unsigned char block[16384];
	size_t size = total - sent < sizeof block ? total - sent : sizeof block;
	ssize_t n;

	for (size_t i = 0; i < size; i++)
		block[i] = byte_at(sent + i);
	n = send(fd, block, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	CHECK(n > 0 || errno == EAGAIN);
	return n > 0 ? (size_t)n : 0;
}

static size_t take_some(int fd, size_t got)
{
	unsigned char block[16384];
	ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);

	CHECK(n > 0 || (n < 0 && errno == EAGAIN));
	for (ssize_t i = 0; i < n; i++)
		if (block[i] != byte_at(got + (size_t)i))
			cell_fail(__FILE__, __LINE__, "byte %zu differs", got + (size_t)i);
	return n > 0 ? (size_t)n : 0;
}

/* Both directions at once: an echo that filled both queues would otherwise wait for us, and we for it. */
static void pump(int fd, size_t total)
{
	size_t sent = 0, got = 0;

	while (got < total) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };

		if (sent < total)
			ready.events |= POLLOUT;
		CHECK(poll(&ready, 1, PATIENCE_MS) == 1);
		if (ready.revents & POLLOUT)
			sent += send_some(fd, sent, total);
		if (ready.revents & POLLIN)
			got += take_some(fd, got);
	}
	client_finish(fd);
	client_expect_end(fd);
}

static void eight_mebibytes_come_back_identical(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = echo });
	fd = client_connect(cell);
	pump(fd, 8 * MEBIBYTE);
	client_close(fd);
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_INT(cell->witness->bytes_in, 8 * MEBIBYTE);
	CHECK_INT(cell->witness->bytes_out, 8 * MEBIBYTE);
}

static void tiny_socket_buffers_lose_nothing(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = echo });
	fd = client_connect_small(cell, 1);
	pump(fd, MEBIBYTE / 4);
	client_close(fd);
}

static int echo_bytewise(struct brood_conn *conn, void *app)
{
	char byte;
	ssize_t n;
	int r = 0;

	(void)app;
	while ((n = brood_read(conn, &byte, 1)) > 0 && r == 0)
		r = brood_write(conn, &byte, 1);
	return r < 0 ? r : (int)n;
}

static void one_byte_at_a_time_is_fine(struct cell *cell)
{
	char text[1001];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = echo_bytewise } });
	client_ask(cell, text, text);
}

static int count_then_answer(struct brood_conn *conn, void *app)
{
	static const char block[65536];
	int r = witness_hear(conn);

	(void)app;
	for (int i = 0; i < 64 && r == 0; i++)
		r = brood_write(conn, block, sizeof block);
	return r;
}

static void a_half_closed_client_gets_the_whole_answer(struct cell *cell)
{
	char *answer = malloc(5 * MEBIBYTE);
	int fd;

	CHECK(answer);
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = count_then_answer } });
	fd = client_connect(cell);
	client_say(fd, "question");
	client_finish(fd);
	CHECK_INT(client_read_all(fd, answer, 5 * MEBIBYTE), 64 * 65536);
	client_close(fd);
	free(answer);
}

static int answer_lines(struct brood_conn *conn, void *app)
{
	char line[16];
	ssize_t n;

	(void)app;
	while ((n = brood_readline(conn, line, sizeof line)) != 0) {
		if (n == -EMSGSIZE)
			brood_printf(conn, "<long>");
		else if (n < 0)
			return (int)n;
		else
			brood_printf(conn, "<%zd:%zu>", n, strlen(line));
	}
	return 0;
}

static void readline_cuts_at_newlines_and_discards_what_is_too_long(struct cell *cell)
{
	static const char sent[] = "one\n\n012345678901234\n01234567890123\nafter\nlast";

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_lines } });
	client_ask(cell, sent, "<4:4><1:1><long><15:15><6:6><4:4>");
}

static void readline_gives_nul_bytes_as_they_are(struct cell *cell)
{
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_lines } });
	fd = client_connect(cell);
	client_send(fd, "a\0b\n\0\n", 6);
	if (!cell->transport->datagram)
		client_finish(fd);
	client_expect(fd, "<4:1><2:0>");
	client_close(fd);
}

static void readline_discards_a_line_longer_than_every_buffer(struct cell *cell)
{
	static char line[20000];

	memset(line, 'x', sizeof line - 2);
	line[sizeof line - 2] = '\n';
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = answer_lines } });
	client_ask(cell, line, "<long>");
	line[sizeof line - 2] = '\0'; /* never ended by a newline */
	client_ask(cell, line, "<long>");
}

/* A line, then read: what readline had held back comes first. */
static int line_then_rest(struct brood_conn *conn, void *app)
{
	char line[64], rest[64];
	ssize_t n = brood_readline(conn, line, sizeof line);

	(void)app;
	if (n < 0)
		return (int)n;
	brood_printf(conn, "%s|", line);
	while ((n = brood_read(conn, rest, sizeof rest)) > 0)
		brood_write(conn, rest, (size_t)n);
	return (int)n;
}

static void read_goes_on_where_readline_stopped(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = line_then_rest } });
	client_ask(cell, "line\nrest of it\n", "line\n|rest of it\n");
}

static int print_long(struct brood_conn *conn, void *app)
{
	int r = witness_hear(conn);

	if (r == 0)
		r = brood_printf(conn, "%05000d:%s", 7, "end");

	(void)app;
	return r == 0 ? brood_write(conn, "", 0) : r;
}

static void printf_is_as_long_as_it_is(struct cell *cell)
{
	char answer[5005];

	memset(answer, '0', 4999);
	snprintf(answer + 4999, 6, "7:end");
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = print_long } });
	client_ask(cell, "?", answer);
}

#define FILE_SIZE (3 * MEBIBYTE + 7)

static int send_a_file(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	int fd = memfd_create("file", MFD_CLOEXEC);
	int r;

	if (fd < 0 || ftruncate(fd, FILE_SIZE) < 0 || pwrite(fd, "head", 4, 0) != 4 ||
		pwrite(fd, "tail", 4, FILE_SIZE - 4) != 4)
		return -EIO;
	r = brood_sendfile(conn, fd, 2, FILE_SIZE - 2);
	witness->count[0] = brood_sendfile(conn, fd, FILE_SIZE - 2, 100);
	witness->count[1] = brood_sendfile(conn, -1, 0, 100);
	close(fd);
	return r;
}

static void sendfile_sends_exactly_what_is_asked_for(struct cell *cell)
{
	char *answer = malloc(FILE_SIZE + 100);
	int fd;

	CHECK(answer);
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = send_a_file } });
	fd = client_connect(cell);
	CHECK_INT(client_read_all(fd, answer, FILE_SIZE + 100), FILE_SIZE);
	CHECK(memcmp(answer, "ad\0", 3) == 0);
	CHECK(memcmp(answer + FILE_SIZE - 6,
		      "tail"
		      "il",
		      6) == 0);
	CHECK_INT(cell->witness->count[0], -ENODATA);
	CHECK_INT(cell->witness->count[1], -EBADF);
	client_close(fd);
	free(answer);
}

static int refused_a_file(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;

	witness->count[0] = brood_sendfile(conn, 0, 0, 1);
	return brood_printf(conn, "no");
}

static void sendfile_is_for_streams(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = refused_a_file } });
	client_ask(cell, "?", "no");
	CHECK_INT(cell->witness->count[0], -EOPNOTSUPP);
}

/* Leaves it to brood to flush. */
static int talk_stdio(struct brood_conn *conn, void *app)
{
	FILE *file = brood_file(conn);
	char line[64];

	(void)app;
	if (!file || brood_file(conn) != file)
		return -errno;
	while (fgets(line, sizeof line, file))
		fprintf(file, "line: %s", line);
	return ferror(file) ? -EIO : 0;
}

static void stdio_works_both_ways_and_is_flushed_by_brood(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = talk_stdio, .finish = witness_finish } });
	client_ask(cell, "one\ntwo\n", "line: one\nline: two\n");
	WAIT_FOR(cell->witness->finished == 1);
	CHECK_TEXT(cell->witness->reason, "finished");
}

const struct contract_case cases_bytes[] = {
	CASE(KIND_BOTH, what_is_sent_comes_back),
	CASE(KIND_STREAMS, eight_mebibytes_come_back_identical),
	CASE(KIND_STREAMS, tiny_socket_buffers_lose_nothing),
	CASE(KIND_BOTH, one_byte_at_a_time_is_fine),
	CASE(KIND_STREAMS, a_half_closed_client_gets_the_whole_answer),
	CASE(KIND_BOTH, readline_cuts_at_newlines_and_discards_what_is_too_long),
	CASE(KIND_BOTH, readline_gives_nul_bytes_as_they_are),
	CASE(KIND_BOTH, readline_discards_a_line_longer_than_every_buffer),
	CASE(KIND_BOTH, read_goes_on_where_readline_stopped),
	CASE(KIND_BOTH, printf_is_as_long_as_it_is),
	CASE(KIND_STREAMS, sendfile_sends_exactly_what_is_asked_for),
	CASE(KIND_DATAGRAMS, sendfile_is_for_streams),
	CASE_WHERE(cell_has_control, KIND_BOTH, stdio_works_both_ways_and_is_flushed_by_brood),
	{ 0 },
};
