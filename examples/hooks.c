/* SPDX-License-Identifier: MIT */
/*
 * Every moment of a handler, and what socketserver calls it. Each client is told how long its line was.
 *
 *	./hooks [URL]		then: printf 'hello\n' | socat - TCP:127.0.0.1:7778
 *
 * load, tick, idle, unload run in the service process; all others in the worker, here a child for each client.
 */
#include <brood/brood.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct app {
	size_t longest; /* refuse lines beyond it */
};

/* server_activate: read tables, open databases. Forked workers get a copy, threads share it. */
static int load(void **ret_app)
{
	struct app *app = malloc(sizeof *app);

	if (!app)
		return -ENOMEM;
	app->longest = 80;
	*ret_app = app;
	fprintf(stderr, "load\n");
	return 0;
}

/* server_close */
static void unload(void *app)
{
	fprintf(stderr, "unload\n");
	free(app);
}

/* No word there: a worker's memory begins. Seed random numbers here, open what must not be shared. */
static int start(void *app)
{
	(void)app;
	return 0;
}

static void stop(void *app)
{
	(void)app;
}

/* verify_request; but on the worker: what costs time here delays nobody else. 0 serves the client. */
static int verify(struct brood_conn *conn, void *app)
{
	struct brood_cred cred;

	(void)app;
	/* Over a Unix socket one may know who asks. */
	if (brood_peer_cred(conn, &cred) == 0 && cred.uid != 0)
		brood_logf(conn, BROOD_INFO, "verify: user %u", (unsigned int)cred.uid);
	return 0;
}

/* setup */
static int setup(struct brood_conn *conn, void *app)
{
	(void)app;
	brood_logf(conn, BROOD_INFO, "setup");
	return 0;
}

/* handle */
static int handle(struct brood_conn *conn, void *app)
{
	const struct app *limits = app;
	char line[256];
	ssize_t n = brood_readline(conn, line, sizeof line);

	if (n < 0)
		return (int)n;
	if ((size_t)n > limits->longest)
		return -EMSGSIZE;
	return brood_printf(conn, "%zd bytes\n", n);
}

/* finish: whenever setup succeeded, whatever became of handle. */
static void finish(struct brood_conn *conn, void *app, const struct brood_end *end)
{
	(void)app;
	brood_logf(conn, BROOD_INFO, "finish: %s after %lld ms", end->reason, (long long)end->duration_ms);
}

/* handle_error */
static void error(struct brood_conn *conn, void *app, int number)
{
	(void)app;
	brood_logf(conn, BROOD_WARN, "error: %d", number);
}

/* service_actions, but once a second and not once a turn */
static void tick(void *app)
{
	(void)app;
}

/* handle_timeout */
static void idle(void *app)
{
	(void)app;
	fprintf(stderr, "idle: nobody came for a minute\n");
}

int main(int argc, char **argv)
{
	return brood_main(&(struct brood_service){
		.name = "hooks",
		.listen = argc > 1 ? argv[1] : "tcp://127.0.0.1:7778",
		.idle_ms = 60000,
		.handler = {
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
			.idle = idle,
		},
	});
}
