/* SPDX-License-Identifier: MIT */
/*
 * What every bare loop shares: a loopback listener, and the work that each connection is worth: one
 * block read, written back, the end. Bare loops are floors, not servers: an error ends them, and an
 * alarm ends them when whoever started them forgot to.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BARE_BLOCK = 4096, BARE_BACKLOG = 4096, BARE_LIFETIME_S = 600 };

/* The usual start of main: `PROGRAM PORT`. flags: SOCK_NONBLOCK or 0. */
static inline int bare_listen(int argc, char **argv, int flags)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, one = 1;

	if (argc != 2)
		errx(64, "usage: PROGRAM PORT");
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	alarm(BARE_LIFETIME_S);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BARE_BACKLOG) < 0)
		err(71, "port %s", argv[1]);
	return fd;
}

/* A child's whole life. _exit closes the connection: the client sees the end of input. */
static inline _Noreturn void bare_echo_once(int fd)
{
	char block[BARE_BLOCK];
	ssize_t n = read(fd, block, sizeof block);

	_exit(n < 0 || write(fd, block, (size_t)n) != n);
}

#endif
