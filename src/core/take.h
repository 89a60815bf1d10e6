/* SPDX-License-Identifier: MIT */
/*
 * A standing worker: waits for a client, lets it in or not, lives its life, leaves an end record in its area on the board;
 * again and again, until it is told to go. Drawn in take.c.
 */
#ifndef CORE_TAKE_H
#define CORE_TAKE_H

#include <sys/types.h>

struct arena;
struct service;

/* In the worker, first of all: its limits, and the moment start. For those that serve many as well (core/crowd.h). 0 or -errno. */
int take_prepare(struct arena *arena);

/* struct brood_host_ops.stand: in the worker; returns when it is to exit. 0, or -errno: the moment start failed. */
int take_stand(struct service *service, unsigned int index, pid_t parent);

#endif
