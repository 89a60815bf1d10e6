/* SPDX-License-Identifier: MIT */
/*
 * The lowest floor of fork per client: accept, fork, waitpid, in a static executable, so that a child has
 * as few pages to copy as a C program can have. Holds nobody to any bound and would lose a child to
 * anybody else's waitpid(-1): brood pays for more than this.
 */
#include "bare.h"

#include <sys/wait.h>

int main(int argc, char **argv)
{
	int listener = bare_listen(argc, argv, 0);

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			err(71, "accept");
		switch (fork()) {
		case -1:
			err(71, "fork");
		case 0:
			bare_echo_once(fd);
		}
		close(fd);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}
