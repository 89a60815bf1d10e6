/* SPDX-License-Identifier: MIT */
/* How many clients wait in the kernel to be accepted: the queue that nobody sees from the inside. */
#ifndef OBSERVE_QUEUE_DEPTH_H
#define OBSERVE_QUEUE_DEPTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_depth {
	uint32_t inode; /* of the listening socket, see queue_depth_inode */
	bool known;     /* the two below: false for datagram and vsock sockets, and where the kernel does not tell */
	uint32_t waiting; /* connected, not accepted */
	uint32_t limit;   /* how many may be: the backlog */
};

/* What identifies a socket, in its own network namespace, to those who do not hold it; 0 if fd is none. */
uint32_t queue_depth_inode(int fd);

/* Asks the kernel about all listeners of this network namespace and fills in the wanted ones. Needs no rights. 0 or
 * -errno (sock_diag is not there, or forbidden); what was not found stays unknown. Does not wait. */
int queue_depth_read(struct queue_depth *queues, size_t count);

#endif
