/* SPDX-License-Identifier: MIT */
/*
 * Every moment of a handler, said as it comes: document 002's hooks. The environment chooses what goes wrong at load
 * (MOMENTS_LOAD: exit, crash, fail, hang) and at the worker's stop (MOMENTS_STOP: crash); the client's first line what goes
 * wrong in between.
 */
#include <brood/brood.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *moment)
{
	char line[64];
	int size = snprintf(line, sizeof line, "moment %s\n", moment);

	if (write(STDERR_FILENO, line, (size_t)size) < 0)
		_exit(1);
}

static int load(void **app)
{
	const char *how = getenv("MOMENTS_LOAD");

	(void)app;
	say("load");
	if (!how)
		return 0;
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "crash") == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
		raise(SIGSEGV);
	}
	if (strcmp(how, "hang") == 0)
		pause();
	return -ENOENT;
}

static void unload(void *app)
{
	(void)app;
	say("unload");
}

static int start(void *app)
{
	(void)app;
	say("start");
	return 0;
}

static void stop(void *app)
{
	const char *how = getenv("MOMENTS_STOP");

	(void)app;
	say("stop");
	if (how && strcmp(how, "crash") == 0) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
}

/* Looks at who it is and what it said without taking it away from handle: by its own port range, nobody is refused. */
static int verify(struct brood_conn *conn, void *app)
{
	(void)app;
	say("verify");
	return strncmp(brood_peer_text(conn), "127.0.0.2:", 10) == 0 ? -EPERM : 0;
}

static int setup(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	say("setup");
	return 0;
}

static void deferred(void *arg)
{
	say(arg);
}

static int handle(struct brood_conn *conn, void *app)
{
	char line[64];
	ssize_t n = brood_readline(conn, line, sizeof line);

	(void)app;
	say("handle");
	if (n <= 0)
		return (int)n;
	if (strcmp(line, "fail\n") == 0)
		return -EBADMSG;
	brood_defer(conn, deferred, "deferred first");
	brood_defer(conn, deferred, "deferred second");
	return brood_printf(conn, "%s", line);
}

static void finish(struct brood_conn *conn, void *app, const struct brood_end *end)
{
	char text[64];

	(void)conn;
	(void)app;
	snprintf(text, sizeof text, "finish %s", end->reason);
	say(text);
}

static void error(struct brood_conn *conn, void *app, int number)
{
	char text[64];

	(void)conn;
	(void)app;
	snprintf(text, sizeof text, "error %d", number);
	say(text);
}

static void tick(void *app)
{
	(void)app;
	say("tick");
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.load = load,
	.unload = unload,
	.start = start,
	.stop = stop,
	.verify = verify,
	.setup = setup,
	.handle = handle,
	.finish = finish,
	.error = error,
	.tick = tick,
	.summary = "says each moment",
	.demo_listen = "tcp://127.0.0.1:7010",
};
