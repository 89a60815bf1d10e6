/* SPDX-License-Identifier: MIT */
/*
 * Does what its client says, one word and one number a line: so that a scenario decides when and how a handler goes
 * wrong. A line that is no order comes back.
 */
#include <brood/brood.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE (128 * 1024) /* a whole attack on the log */

static int do_pid(struct brood_conn *conn, long number)
{
	(void)number;
	return brood_printf(conn, "%d\n", (int)getpid());
}

static int do_crash(struct brood_conn *conn, long number)
{
	(void)conn;
	(void)number;
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
	return raise(SIGSEGV);
}

static int do_abort(struct brood_conn *conn, long number)
{
	(void)conn;
	(void)number;
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* So many MiB, each page of them written to, and never given back. */
static int do_eat(struct brood_conn *conn, long number)
{
	size_t size = (size_t)number << 20;
	volatile char *memory = malloc(size);

	if (!memory)
		return -ENOMEM;
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	return brood_printf(conn, "ate\n");
}

static int do_exit(struct brood_conn *conn, long number)
{
	(void)conn;
	exit((int)number);
}

static int do_fail(struct brood_conn *conn, long number)
{
	(void)conn;
	return -(int)number;
}

static int do_spin(struct brood_conn *conn, long number)
{
	(void)conn;
	(void)number;
	for (volatile int forever = 1; forever;)
		continue;
	return 0;
}

/* Through brood: a deadline and the end of the supervisor are heard. */
static int do_sleep(struct brood_conn *conn, long number)
{
	int r = brood_sleep(conn, (int)number);

	return r < 0 ? r : brood_printf(conn, "slept\n");
}

/* Behind brood's back: nothing is heard. */
static int do_oversleep(struct brood_conn *conn, long number)
{
	usleep((useconds_t)number * 1000);
	return brood_printf(conn, "overslept\n");
}

/* Until that many milliseconds of the monotonic clock: many clients at the very same moment. */
static int do_until(struct brood_conn *conn, long number)
{
	struct timespec until = { .tv_sec = number / 1000, .tv_nsec = number % 1000 * 1000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
	return brood_printf(conn, "now\n");
}

/* That many bytes; byte i is i modulo 251. */
static int do_big(struct brood_conn *conn, long number)
{
	unsigned char block[251 * 16];
	int r = 0;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (unsigned char)(i % 251);
	while (number > 0 && r == 0) {
		size_t size = number < (long)sizeof block ? (size_t)number : sizeof block;

		r = brood_write(conn, block, size);
		number -= (long)size;
	}
	return r;
}

/* Grandchildren that nobody waits for: they sleep for ten minutes, or for as many milliseconds as is left of a
 * number above a thousand. */
static int do_orphans(struct brood_conn *conn, long number)
{
	long count = number % 1000, sleep_ms = number < 1000 ? 600000 : number / 1000;
	pid_t middle = fork();

	if (middle == 0) {
		for (long i = 0; i < count; i++) {
			if (fork() == 0) {
				usleep((useconds_t)sleep_ms * 1000);
				_exit(0);
			}
		}
		_exit(0);
	}
	waitpid(middle, NULL, 0);
	return brood_printf(conn, "%ld orphans\n", count);
}

/* A child that returns into brood, which must end it. */
static int do_stray(struct brood_conn *conn, long number)
{
	(void)number;
	if (fork() == 0)
		return 0;
	return brood_printf(conn, "forked\n");
}

/* Document 002: finish processing in a forked child. */
static int do_heir(struct brood_conn *conn, long number)
{
	int r = brood_fork(conn);

	if (r == 0) {
		brood_sleep(conn, (int)number);
		r = brood_printf(conn, "from the heir\n");
	}
	return r < 0 ? r : 0;
}

static const struct {
	const char *word;
	int (*act)(struct brood_conn *conn, long number);
	bool ends; /* nothing more is read */
} acts[] = {
	{ "pid", do_pid, false },
	{ "crash", do_crash, false },
	{ "abort", do_abort, false },
	{ "eat", do_eat, false },
	{ "exit", do_exit, false },
	{ "fail", do_fail, true },
	{ "spin", do_spin, false },
	{ "sleep", do_sleep, false },
	{ "until", do_until, false },
	{ "oversleep", do_oversleep, false },
	{ "big", do_big, false },
	{ "orphans", do_orphans, false },
	{ "stray", do_stray, true },
	{ "heir", do_heir, true },
};

/* In every way in which a handler's words get into the log. */
static void tell(struct brood_conn *conn, const char *words)
{
	brood_logf(conn, BROOD_INFO, "told: %s", words);
	brood_conn_note(conn, "told", words);
	brood_conn_blame(conn, words);
}

static int obey(struct brood_conn *conn, char *line)
{
	char *end;

	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		size_t size = strlen(acts[i].word);
		int r;

		if (strncmp(line, acts[i].word, size) != 0 || (line[size] != ' ' && line[size] != '\n'))
			continue;
		r = acts[i].act(conn, strtol(line + size, &end, 10));
		return r == 0 && acts[i].ends ? BROOD_AGAIN + 1 : r;
	}
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "log ", 4) == 0)
		tell(conn, line + 4);
	return brood_printf(conn, "%s\n", line);
}

static int handle(struct brood_conn *conn, void *app)
{
	char *line = malloc(LINE_SIZE);
	ssize_t n;
	int r = 0;

	(void)app;
	if (!line)
		return -ENOMEM;
	while (r == 0 && (n = brood_readline(conn, line, LINE_SIZE)) != 0)
		r = n < 0 ? (int)n : obey(conn, line);
	free(line);
	return r > BROOD_AGAIN ? 0 : r;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.handle = handle,
	.summary = "does what its client says",
	.demo_listen = "tcp://127.0.0.1:7008",
};
