/* SPDX-License-Identifier: MIT */
/*
 * The handler of examples/echo_once.c in a service that is large, or has work to do:
 * `brood serve ./burden.so --megabytes N --kilosteps N`. What load touches is in the parent of every worker.
 */
#include "burden.h"

#include <brood/brood.h>
#include <errno.h>

struct options {
	int megabytes, kilosteps;
};

static int load(void **app)
{
	const struct options *options = *app;

	return burden_take(options->megabytes) ? 0 : -ENOMEM;
}

static int handle(struct brood_conn *conn, void *app)
{
	const struct options *options = app;
	char block[4096];
	ssize_t n = brood_read(conn, block, sizeof block);

	burden_work(options->kilosteps);
	return n > 0 ? brood_write(conn, block, (size_t)n) : (int)n;
}

static const struct brood_option options[] = {
	{ "megabytes", "touched before the first client", BROOD_OPTION_NUMBER, offsetof(struct options, megabytes) },
	{ "kilosteps", "of work for each client", BROOD_OPTION_NUMBER, offsetof(struct options, kilosteps) },
	{ 0 },
};

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.load = load,
	.handle = handle,
	.summary = "one block back, at some expense",
	.options = options,
	.options_size = sizeof(struct options),
};
