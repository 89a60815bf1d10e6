/* SPDX-License-Identifier: MIT */
/*
 * Does what the path of a request says, so that a scenario decides how an answer goes wrong: too short, too long, never
 * begun, cut off by a crash. A number comes as the query: /big?100.
 */
#include <brood/http.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT       "text/plain"
#define PIECE_SIZE 16384
#define MIB        (1024 * 1024)

static volatile bool forever = true;

static long number(const struct brood_http *http, long standard)
{
	const char *query = brood_http_query(http);

	return query ? strtol(query, NULL, 10) : standard;
}

static int crash(void)
{
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
	return raise(SIGSEGV);
}

static int say_size(struct brood_http *http, long long size)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%lld\n", size);

	return brood_http_answer(http, 200, TEXT, text, (size_t)n);
}

/* ---- What the request was ---- */

/* The body back, piece by piece. */
static int do_echo(struct brood_http *http)
{
	char piece[PIECE_SIZE];
	ssize_t n;
	int r = brood_http_begin(http, 200, "application/octet-stream", BROOD_HTTP_UNKNOWN);

	while (r == 0 && (n = brood_http_read(http, piece, sizeof piece)) != 0)
		r = n < 0 ? (int)n : brood_http_write(http, piece, (size_t)n);
	return r;
}

/* How long the body was, in an answer that begins only then. */
static int do_length(struct brood_http *http)
{
	char piece[PIECE_SIZE];
	long long size = 0;
	ssize_t n;

	while ((n = brood_http_read(http, piece, sizeof piece)) > 0)
		size += n;
	return n < 0 ? (int)n : say_size(http, size);
}

/* Its first byte, and no more of it. */
static int do_sip(struct brood_http *http)
{
	char byte;
	ssize_t n = brood_http_read(http, &byte, 1);

	return n < 0 ? (int)n : say_size(http, n);
}

static int do_headers(struct brood_http *http)
{
	const char *name, *value;
	int r = brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);

	for (unsigned int i = 0; r == 0 && brood_http_field_at(http, i, &name, &value); i++)
		r = brood_http_printf(http, "%s=%s\n", name, value);
	return r;
}

static int do_query(struct brood_http *http)
{
	const char *query = brood_http_query(http);
	char value[256] = "";
	ssize_t n = brood_http_query_value(http, "name", value, sizeof value);
	int r = brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);

	return r < 0 ? r : brood_http_printf(http, "%s|%d|%s\n", query ? query : "(none)", (int)n, value);
}

static int do_request(struct brood_http *http)
{
	int r = brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);

	return r < 0 ? r
		     : brood_http_printf(http, "%s|%s|%s|%d|%s|%d\n", brood_http_method(http), brood_http_path(http),
			       brood_http_host(http), brood_http_minor(http), brood_http_target(http), (int)getpid());
}

/* Answers so many milliseconds later, and cannot be interrupted meanwhile. */
static int do_late(struct brood_http *http)
{
	usleep((useconds_t)number(http, 0) * 1000);
	return say_size(http, getpid());
}

/* Fields until no more fit, an answer that does not fit any more, and then a small one. */
static int do_overflow(struct brood_http *http)
{
	char name[16];
	int r = brood_http_set(http, "Content-Type", "text/html; charset=a-long-name-of-some-encoding");

	for (int i = 0; r == 0; i++) {
		snprintf(name, sizeof name, "X-%d", i);
		r = brood_http_set(http, name, "12345678901234567890");
	}
	if (r != -EMSGSIZE || brood_http_answer(http, 200, TEXT, "fits\n", 5) == 0)
		return -EIO;
	brood_http_set(http, "X-0", NULL);
	return -ENOENT;
}

/* The child answers; its worker has done with the connection. */
static int do_fork(struct brood_http *http)
{
	int r = brood_fork(brood_http_conn(http));

	return r != 0 ? (r < 0 ? r : 0) : say_size(http, getpid());
}

/* ---- Answers as they should be ---- */

static int do_pid(struct brood_http *http)
{
	return say_size(http, getpid());
}

static int do_chunks(struct brood_http *http)
{
	long count = number(http, 3);
	int r = brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);

	for (long i = 0; r == 0 && i < count; i++)
		r = brood_http_printf(http, "chunk %ld\n", i);
	if (r == 0 && brood_http_minor(http) > 0)
		r = brood_http_trailer(http, "X-Count", "all");
	return r;
}

static int do_slow(struct brood_http *http)
{
	long ms = number(http, 300);
	int r = brood_http_begin(http, 200, TEXT, 10);

	for (int i = 0; r == 0 && i < 10; i++) {
		r = brood_http_write(http, "slowly...\n" + i, 1);
		if (r == 0)
			r = brood_sleep(brood_http_conn(http), (int)(ms / 10));
	}
	return r;
}

/* So many MiB. */
static int do_big(struct brood_http *http)
{
	static char piece[MIB / 4];
	long pieces = number(http, 100) * 4;
	int r = brood_http_begin(http, 200, "application/octet-stream", (int64_t)pieces * (MIB / 4));

	for (long i = 0; r == 0 && i < pieces; i++)
		r = brood_http_write(http, piece, sizeof piece);
	return r;
}

static int do_unread(struct brood_http *http)
{
	return brood_http_answer(http, 200, TEXT, "unread\n", 7);
}

/* This very program as a file: it has a size and no surprises. */
static int do_file(struct brood_http *http)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const struct brood_http_file file = {
		.fd = fd, .size = 100000, .modified_s = 1000000000, .etag = "\"one\"", .type = TEXT
	};
	int r = fd < 0 ? -errno : brood_http_send_file(http, &file);

	if (fd >= 0)
		close(fd);
	return r;
}

/* All the stack that a handler is promised, and calls below. */
static int do_stack(struct brood_http *http)
{
	volatile char much[(BROOD_STACK_KIB - 2) * 1024];
	char value[64] = "";

	for (size_t i = 0; i < sizeof much; i += 512)
		much[i] = 1;
	brood_http_query_value(http, "name", value, sizeof value);
	if (brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN) < 0)
		return -EIO;
	return brood_http_printf(
		http, "%s %s %.3f %d\n", value, brood_peer_text(brood_http_conn(http)), 3.14159, much[512]);
}

/* ---- Answers as they should not be ---- */

static int do_crash(struct brood_http *http)
{
	(void)http;
	return crash();
}

static int do_read_then_crash(struct brood_http *http)
{
	char byte;

	brood_http_read(http, &byte, 1);
	return crash();
}

static int do_exit(struct brood_http *http)
{
	exit((int)number(http, 3));
}

static int do_spin(struct brood_http *http)
{
	(void)http;
	while (forever)
		continue;
	return 0;
}

static int do_hang(struct brood_http *http)
{
	return brood_sleep(brood_http_conn(http), (int)number(http, 60000));
}

/* Whatever its connection says: nothing hears it but a signal. */
static int do_block(struct brood_http *http)
{
	(void)http;
	while (forever)
		nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
	return 0;
}

static int do_fail(struct brood_http *http)
{
	return (int)-number(http, EIO);
}

static int do_nothing(struct brood_http *http)
{
	(void)http;
	return 0;
}

static int do_short(struct brood_http *http)
{
	int r = brood_http_begin(http, 200, TEXT, 10);

	return r < 0 ? r : brood_http_write(http, "short\n", 6);
}

static int do_empty(struct brood_http *http)
{
	return brood_http_begin(http, 200, TEXT, 10);
}

/* What does not fit any more is refused, and nothing of it leaves. */
static int do_long(struct brood_http *http)
{
	int r = brood_http_begin(http, 200, TEXT, 10);

	if (r == 0)
		r = brood_http_write(http, "0123456789", 10);
	if (r == 0 && brood_http_write(http, "HTTP/1.1 200 OK\r\n\r\n", 19) != -EMSGSIZE)
		return -EPROTO;
	return r;
}

static int do_twice(struct brood_http *http)
{
	int r = brood_http_answer(http, 200, TEXT, "once\n", 5);

	if (r == 0 && brood_http_answer(http, 200, TEXT, "twice\n", 6) != -EALREADY)
		return -EPROTO;
	return r;
}

/* What follows never leaves, nor does this head. */
static int do_begin_then_fail(struct brood_http *http)
{
	brood_http_set(http, "X-Secret", "prepared");
	brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);
	return -ENOENT;
}

static int do_write_then_fail(struct brood_http *http)
{
	brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);
	brood_http_write(http, "part\n", 5);
	return -EIO;
}

static int do_begin_then_crash(struct brood_http *http)
{
	brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);
	return crash();
}

static int do_write_then_crash(struct brood_http *http)
{
	brood_http_begin(http, 200, TEXT, BROOD_HTTP_UNKNOWN);
	brood_http_write(http, "part\n", 5);
	return crash();
}

/* Each attempt to say more than a field, and what came of it. */
static int do_header(struct brood_http *http)
{
	static const char *const attempts[][2] = {
		{ "X-A", "a\r\nSet-Cookie: b" },
		{ "X-A", "a\nSet-Cookie: b" },
		{ "X-A", "a\rSet-Cookie: b" },
		{ "X-A: b\r\nSet-Cookie", "c" },
		{ "X A", "b" },
		{ "", "b" },
		{ "X-A", "a\x01" },
		{ "X-A", " a" },
		{ "Connection", "upgrade" },
		{ "Content-Length", "0" },
		{ "content-length", "0" },
		{ "Transfer-Encoding", "identity" },
		{ "Date", "never" },
		{ "Keep-Alive", "timeout=1" },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		r = brood_http_add(http, attempts[i][0], attempts[i][1]);
		if (r != -EINVAL && r != -EPERM)
			return -EPROTO;
		if (brood_http_set(http, attempts[i][0], attempts[i][1]) != r)
			return -EPROTO;
	}
	if (brood_http_begin(http, 200, "text/plain\r\nSet-Cookie: b", 5) != -EINVAL)
		return -EPROTO;
	return brood_http_answer(http, 200, TEXT, "clean", 5);
}

/* A megabyte of fields: as many as fit, and then an answer for which there is no room. */
static int do_many_headers(struct brood_http *http)
{
	int taken = 0;

	for (int i = 0; i < 100000; i++)
		taken += brood_http_add(http, "X-Filler", "y") == 0;
	if (taken == 100000 || brood_http_answer(http, 200, TEXT, "no room", 7) != -EMSGSIZE)
		return -EPROTO;
	return -EMSGSIZE;
}

static int do_close(struct brood_http *http)
{
	brood_http_close(http);
	return brood_http_answer(http, 200, TEXT, "closing\n", 8);
}

static int do_status(struct brood_http *http)
{
	return brood_http_answer(http, (int)number(http, 200), TEXT, "body\n", 5);
}

static const struct {
	const char *path;
	int (*act)(struct brood_http *http);
} orders[] = {
	{ "/echo", do_echo },
	{ "/length", do_length },
	{ "/sip", do_sip },
	{ "/late", do_late },
	{ "/overflow", do_overflow },
	{ "/fork", do_fork },
	{ "/headers", do_headers },
	{ "/query", do_query },
	{ "/request", do_request },
	{ "/pid", do_pid },
	{ "/chunks", do_chunks },
	{ "/slow", do_slow },
	{ "/big", do_big },
	{ "/unread", do_unread },
	{ "/file", do_file },
	{ "/stack", do_stack },
	{ "/crash", do_crash },
	{ "/read-then-crash", do_read_then_crash },
	{ "/exit", do_exit },
	{ "/spin", do_spin },
	{ "/hang", do_hang },
	{ "/block", do_block },
	{ "/fail", do_fail },
	{ "/nothing", do_nothing },
	{ "/short", do_short },
	{ "/empty", do_empty },
	{ "/long", do_long },
	{ "/twice", do_twice },
	{ "/begin-then-fail", do_begin_then_fail },
	{ "/write-then-fail", do_write_then_fail },
	{ "/begin-then-crash", do_begin_then_crash },
	{ "/write-then-crash", do_write_then_crash },
	{ "/header", do_header },
	{ "/many-headers", do_many_headers },
	{ "/close", do_close },
	{ "/status", do_status },
};

static int obey(struct brood_http *http, void *app)
{
	const char *path = brood_http_path(http);

	(void)app;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		if (strcmp(path, orders[i].path) == 0)
			return orders[i].act(http);
	return brood_http_answer(http, 200, TEXT, "hello\n", 6);
}

/* Whoever is next on this stack finds no zeros there: what it does not set by itself is seen. */
static void soil(struct brood_conn *conn, void *app, const struct brood_end *end)
{
	volatile char much[(BROOD_STACK_KIB - 4) * 1024];

	(void)conn;
	(void)app;
	(void)end;
	for (size_t i = 0; i < sizeof much; i++)
		much[i] = 1;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	BROOD_HTTP(obey),
	.finish = soil,
	.summary = "answers as the path says",
	.demo_listen = "tcp://127.0.0.1:7011",
};
