/* SPDX-License-Identifier: MIT */
/*
 * What every bare loop shares: a loopback listener, children, and the work that each connection is worth: one
 * block read, written back, the end. Bare loops are floors, not servers: an error ends them, and an
 * alarm ends them when whoever started them forgot to.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "../burden.h"

#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BARE_BLOCK = 4096, BARE_BACKLOG = 4096, BARE_LIFETIME_S = 600, BARE_WORKERS = 8 };

/* Port 0: the kernel chooses. flags: SOCK_NONBLOCK or 0. */
static inline int bare_listen_on(int port, int flags)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, one = 1;

	address.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BARE_BACKLOG) < 0)
		err(71, "port %d", port);
	return fd;
}

/* Of work for each client, in thousands of steps. */
static int bare_kilosteps;

/* The usual start of main: `PROGRAM PORT [MEGABYTES [KILOSTEPS]]`, see burden.h. */
static inline int bare_listen(int argc, char **argv, int flags)
{
	if (argc < 2 || argc > 4)
		errx(64, "usage: PROGRAM PORT [MEGABYTES [KILOSTEPS]]");
	alarm(BARE_LIFETIME_S);
	if (argc > 2 && !burden_take(atoi(argv[2])))
		err(71, "%s MB", argv[2]);
	if (argc > 3)
		bare_kilosteps = atoi(argv[3]);
	return bare_listen_on(atoi(argv[1]), flags);
}

/* True if the client got back what it sent. */
static inline bool bare_echo(int fd)
{
	char block[BARE_BLOCK];
	ssize_t n = read(fd, block, sizeof block);

	burden_work(bare_kilosteps);
	return n >= 0 && write(fd, block, (size_t)n) == n;
}

/* A child's whole life. _exit closes the connection: the client sees the end of input. */
static inline _Noreturn void bare_echo_once(int fd)
{
	_exit(!bare_echo(fd));
}

/* In a child: nobody may be left waiting for clients when the parent was killed. */
static inline void bare_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(71);
}

/* Forks the workers, none of which may return, and waits until one of them fails. */
static inline int bare_fork_workers(void (*work)(void))
{
	pid_t parent = getpid();

	for (int i = 0; i < BARE_WORKERS; i++) {
		switch (fork()) {
		case -1:
			err(71, "fork");
		case 0:
			bare_die_with(parent);
			work();
			_exit(71);
		}
	}
	wait(NULL);
	return 71;
}

#endif
