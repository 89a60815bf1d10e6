/* SPDX-License-Identifier: MIT */
/*
 * From which address a connection comes. The kernel has some 28,000 ports for each pair of addresses, and a
 * connection that we ended keeps its port for a minute: on loopback, where every 127.x.y.z is ours, further
 * connections come from further addresses.
 */
#ifndef LOAD_ORIGIN_H
#define LOAD_ORIGIN_H

#include <stdint.h>
#include <sys/socket.h>

/* Of one address: more make the kernel search long for a free one. */
#define ORIGIN_PORTS     12000
#define ORIGIN_ADDRESSES 1000

struct origin {
	uint64_t processes, process; /* which one of how many */
	uint64_t made;               /* connections so far */
};

/* Before connecting to server; counts one. Does nothing for the first ones, nor where there is no further address.
 * 0 or -errno. */
int origin_bind(struct origin *origin, int fd, const struct sockaddr *server);

#endif
