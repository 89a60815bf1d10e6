/* SPDX-License-Identifier: MIT */
/*
 * A handler in a file of its own: one block back, then the end. Serve it, under any model:
 *
 *	cc -O2 -fPIC -shared -Iinclude -o echo_once.so examples/echo_once.c
 *	brood serve ./echo_once.so -l tcp://127.0.0.1:7007
 *
 * The bench serves it too: it does exactly what the bare loops of bench/bare do.
 */
#include <brood/brood.h>

static int handle(struct brood_conn *conn, void *app)
{
	char block[4096];
	ssize_t n = brood_read(conn, block, sizeof block);

	(void)app;
	return n > 0 ? brood_write(conn, block, (size_t)n) : (int)n;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.handle = handle,
	.summary = "one block back, then the end",
	.demo_listen = "tcp://127.0.0.1:7007",
};
