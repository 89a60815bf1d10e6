/* SPDX-License-Identifier: MIT */
/*
 * One block back, then the connection is brood's again: handle is called anew when the client sends something. Under
 * model event a client that is silent has no stack meanwhile, and thousands of them cost little.
 */
#include <brood/brood.h>

static int handle(struct brood_conn *conn, void *app)
{
	char block[4096];
	ssize_t n = brood_read(conn, block, sizeof block);
	int r;

	(void)app;
	if (n <= 0)
		return (int)n;
	r = brood_write(conn, block, (size_t)n);
	return r < 0 ? r : BROOD_AGAIN;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.handle = handle,
	.summary = "blocks back, each in a call of its own",
	.demo_listen = "tcp://127.0.0.1:7007",
};
