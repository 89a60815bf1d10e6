/* SPDX-License-Identifier: MIT */
/*
 * The worker arena: all that core keeps in a standing worker from one client to the next, in one mapping that is made
 * before any worker is forked; each gets its copy of it, written by nobody else. Invariant: between two clients a worker of
 * core's own doing holds nothing that is not in here and was not there the first time (core/arena_check.h looks).
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "contract/conn.h"
#include "contract/listener.h"
#include "contract/standing.h"
#include "core/engine.h"
#include "core/park.h"

struct arena_check;
struct service;

struct arena {
	/* As the service process made it. */
	struct service *service;
	size_t size; /* of all of this */
	int wake_fd; /* an eventfd: wakes the service process */
	bool waits; /* accept itself waits: there is one listener, and it is ours. Else an epoll of the worker's own */
	size_t listener_count;
	struct listener listeners[ENGINE_LISTENERS]; /* their fd: what is accepted on, until a signal takes it away */
	int queue_fds[ENGINE_LISTENERS];             /* the same sockets by numbers that stay */
	struct arena_check *check;                   /* NULL: nobody looks */

	/* The worker's. */
	unsigned int index;
	pid_t pid;
	pid_t parent;
	struct standing *standing;
	const struct standing_orders *orders;
	const struct standing_order *order;
	int epoll_fd;
	unsigned int accepts; /* since the listeners were added to the epoll */
	int statm_fd;         /* its memory, or -1 */
	int backoff_ms;
	uint64_t requests;
	bool ring_is_stuck; /* the service process did not come to empty it when waited for */
	struct park park;
	struct brood_conn conn;
};

/* In the service process, before the model starts: fills in service->arena. 0 or -errno. */
int arena_open(struct service *service);
void arena_close(struct service *service); /* idempotent */

#endif
