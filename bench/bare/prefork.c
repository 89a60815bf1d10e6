/* SPDX-License-Identifier: MIT */
/*
 * The floor of reused workers with one listener: processes that were forked beforehand block in accept4, all of them
 * on the same listener. The kernel gives clients to them in turn and wakes one for each.
 */
#include "bare.h"

static int listener;

static void work(void)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			err(71, "accept");
		bare_echo(fd);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	listener = bare_listen(argc, argv, 0);
	return bare_fork_workers(work);
}
