/* SPDX-License-Identifier: MIT */
/*
 * The floor of threads that were there before: as many as brood has by default block in accept4, all of them on the same
 * listener, and share everything.
 */
#include "bare.h"

#include <pthread.h>

enum { THREADS = 64 };

static int listener;

static void *work(void *unused)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			err(71, "accept");
		bare_echo(fd);
		close(fd);
	}
	return unused;
}

int main(int argc, char **argv)
{
	listener = bare_listen(argc, argv, 0);
	for (int i = 1; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work, NULL) != 0)
			errx(71, "pthread_create");
	}
	work(NULL);
}
