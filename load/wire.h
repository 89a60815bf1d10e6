/* SPDX-License-Identifier: MIT */
/* System calls on a client's socket: never blocking, -errno when they fail, -EAGAIN when it is worth trying again. */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <sys/types.h>

#include "load/origin.h"
#include "load/plan.h"

#define WIRE_BUFFER 65536

/* A socket that connects, or has connected. -EAGAIN: the queue of a Unix socket is full, and there is no socket. */
int wire_open(const struct target *target, struct origin *origin, int *ret_fd);

/* size may be 0: of a stream, whether it is connected. */
ssize_t wire_send(int fd, const char *data, size_t size);

ssize_t wire_receive(int fd, char *buffer, size_t size);

/* The same, of a TCP stream, without looking at what is received. */
ssize_t wire_drop(int fd, size_t size);

#endif
