/* SPDX-License-Identifier: MIT */
/*
 * The first program: what a client sends comes back, each client in a process of its own.
 *
 *	cc -o echo echo.c $(pkg-config --cflags --libs brood)
 *	./echo [URL…]
 */
#include <brood/brood.h>

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

int main(int argc, char **argv)
{
	return brood_main(&(struct brood_service){
		.name = "echo",
		.listen = argc > 1 ? argv[1] : "tcp://127.0.0.1:7777 udp://127.0.0.1:7777",
		.model = BROOD_FORK,
		.handler = { .handle = echo },
	});
}
