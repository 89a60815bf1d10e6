/* SPDX-License-Identifier: MIT */
/*
 * Blocks back until the client ends: one call of handle for the whole connection, written as a plain loop. Under model
 * event it waits in brood_read on a stack of its own; its buffer is small because each waiting client has one.
 * echo_again.c is the same service without that stack.
 */
#include <brood/brood.h>

static int handle(struct brood_conn *conn, void *app)
{
	char block[512];
	ssize_t n;
	int r;

	(void)app;
	while ((n = brood_read(conn, block, sizeof block)) > 0)
		if ((r = brood_write(conn, block, (size_t)n)) < 0)
			return r;
	return (int)n;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.handle = handle,
	.summary = "blocks back, until the client ends",
	.demo_listen = "tcp://127.0.0.1:7007",
};
