/* SPDX-License-Identifier: MIT */
/*
 * An explicit fork in a handler: quick questions are answered by the one process that there is, slow ones go on in a
 * child, so that the next client need not wait. brood holds the child, bounds how many there are, and ends it
 * at its deadline.
 *
 *	./fork_in_handler [URL]		then send it `quick` or `slow`
 */
#include <brood/brood.h>
#include <string.h>

#define SLOW_MS 2000

static int handle(struct brood_conn *conn, void *app)
{
	char question[64];
	ssize_t n = brood_readline(conn, question, sizeof question);
	int r;

	(void)app;
	if (n < 0)
		return (int)n;
	if (strncmp(question, "slow", 4) != 0)
		return brood_printf(conn, "quick answer\n");

	r = brood_fork(conn);
	if (r > 0)
		return 0; /* the worker: the connection is the child's now */
	if (r < 0)
		return brood_printf(conn, "too many slow questions, try later\n");

	/* The child. It may block, crash or take its time: that is between it and its client. */
	r = brood_sleep(conn, SLOW_MS);
	return r < 0 ? r : brood_printf(conn, "slow answer\n");
}

int main(int argc, char **argv)
{
	return brood_main(&(struct brood_service){
		.name = "fork_in_handler",
		.listen = argc > 1 ? argv[1] : "tcp://127.0.0.1:7779",
		.model = BROOD_ITERATIVE,
		.handler = { .handle = handle },
	});
}
