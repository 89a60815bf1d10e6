/* SPDX-License-Identifier: MIT */
/*
 * Two engines inside a program with a poll loop of its own: brood_fd says when, brood_run_once does it.
 * This process is the service process of both; brood installs nothing in it.
 *
 *	./embed URL URL		what is sent to the first comes back; the second tells how many lines it got
 */
#include <brood/brood.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

static volatile sig_atomic_t stop_wanted;

static void on_signal(int signal)
{
	(void)signal;
	stop_wanted = 1;
}

static int echo(struct brood_conn *conn, void *app)
{
	char buf[4096];
	ssize_t n;
	int r;

	(void)app;
	while ((n = brood_read(conn, buf, sizeof buf)) > 0)
		if ((r = brood_write(conn, buf, (size_t)n)) < 0)
			return r;
	return (int)n;
}

/* Threads share `app` with each other and with this program. Under iterative the loop below would stand still
 * while a client is served; under fork each child would count in a copy. */
static int count(struct brood_conn *conn, void *app)
{
	_Atomic unsigned long *lines = app;
	char line[256];
	ssize_t n;

	while ((n = brood_readline(conn, line, sizeof line)) > 0)
		brood_printf(conn, "%lu\n", atomic_fetch_add(lines, 1) + 1);
	return (int)n;
}

static struct brood *engine_for(const struct brood_service *service)
{
	struct brood *engine = brood_new();

	if (!engine)
		return NULL;
	if (brood_add(engine, service) < 0 || brood_start(engine) < 0) {
		fprintf(stderr, "embed: %s\n", brood_error(engine));
		brood_free(engine);
		return NULL;
	}
	printf("%s on %s\n", service->name, brood_listening(engine, 0));
	fflush(stdout);
	return engine;
}

static void stop_both(struct brood *engines[2])
{
	brood_stop(engines[0]);
	brood_stop(engines[1]);
}

/* Until both have stopped. The loop is the program's: its own descriptors would stand beside these two. */
static int serve(struct brood *engines[2])
{
	struct pollfd polled[2];
	bool asked = false;
	int running = 2;

	for (int i = 0; i < 2; i++)
		polled[i] = (struct pollfd){ .fd = brood_fd(engines[i]), .events = POLLIN };

	while (running > 0) {
		if (poll(polled, 2, 1000) < 0 && errno != EINTR)
			return -errno;
		if (stop_wanted && !asked) {
			stop_both(engines);
			asked = true;
		}
		for (int i = 0; i < 2; i++) {
			if (polled[i].fd < 0 || brood_run_once(engines[i], 0) > 0)
				continue;
			polled[i].fd = -1; /* finished: poll passes over it */
			running--;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	_Atomic unsigned long lines = 0;
	struct brood *engines[2] = { NULL, NULL };
	int r = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: embed URL URL\n");
		return 64;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);

	engines[0] = engine_for(&(struct brood_service){
		.name = "echo", .listen = argv[1], .model = BROOD_FORK, .handler = { .handle = echo } });
	engines[1] = engine_for(&(struct brood_service){ .name = "count",
		.listen = argv[2],
		.model = BROOD_THREAD,
		.app = &lines,
		.handler = { .handle = count } });
	if (engines[0] && engines[1])
		r = serve(engines) < 0;

	brood_free(engines[1]);
	brood_free(engines[0]);
	printf("%lu lines\n", atomic_load(&lines));
	return r;
}
