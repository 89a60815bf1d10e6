/* SPDX-License-Identifier: MIT */
/*
 * A handler that shows what its model shares: each line is greeted with a number, and with the process that counted.
 *
 *	brood serve ./greeter.so -l tcp://127.0.0.1:7100 -m event		one model at a time …
 *	./five_models						… or all five: five_models.c links this object file
 *
 * fork counts from 1 for each client: its copy of the count ends with its process. A worker of prefork or event
 * counts on from client to client, each for itself. thread and iterative have one count for everybody.
 */
#include <brood/brood.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 64

/* Threads share it, so it is atomic. Under all other models a plain number would do. */
struct app {
	_Atomic unsigned long greetings;
};

static int load(void **app)
{
	*app = calloc(1, sizeof(struct app));
	return *app ? 0 : -ENOMEM;
}

static void unload(void *app)
{
	free(app);
}

/* One line, one call: between two lines the connection is brood's, and under event it has no stack. */
static int greet(struct brood_conn *conn, void *app)
{
	struct app *shared = app;
	char name[NAME_SIZE];
	ssize_t n = brood_readline(conn, name, sizeof name);
	unsigned long number;
	int r;

	if (n <= 0)
		return (int)n;
	name[strcspn(name, "\r\n")] = '\0';
	number = atomic_fetch_add(&shared->greetings, 1) + 1;
	r = brood_printf(conn, "hello %s, greeting %lu of process %d\n", name, number, (int)getpid());
	return r < 0 ? r : BROOD_AGAIN;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.load = load,
	.unload = unload,
	.handle = greet,
	.client_first = 1,
	.summary = "greets whoever says a name, and counts",
	.demo_listen = "tcp://127.0.0.1:7100",
};
