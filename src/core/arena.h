/* SPDX-License-Identifier: MIT */
/*
 * The worker arena: all that core keeps in a standing worker from one client to the next, in one piece that is made
 * before any worker is forked; each gets its copy of it, written by nobody else. Invariant: between two clients a worker of
 * core's own doing holds nothing that is not in here and was not there the first time (core/arena_check.h looks).
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/listener.h"
#include "contract/standing.h"
#include "core/engine.h"
#include "core/gate.h"
#include "core/park.h"
#include "core/stray.h"
#include "platform/direct.h"

struct arena_check;
struct service;

#define ARENA_PAGE 4096

struct arena {
	/* As the service process made it. */
	struct service *service;
	int life_fd;  /* these three and the listeners' numbers are next to each other: a child closes the rest */
	int wake_fd;  /* an eventfd: wakes the service process */
	int board_fd; /* one-shot: where workers publish their area (core/tell.h). -1: they have it mapped */
	bool open;    /* accept: for those who are forked from now on */
	bool waits; /* accept itself waits: there is one listener, and it is ours. Else an epoll of the worker's own */
	bool one_shot;
	bool blocks; /* in the first read of each client (core/first_read.h) */
	size_t listener_count;
	struct listener listeners[ENGINE_LISTENERS]; /* their fd: what is accepted on, until a signal takes it away */
	int queue_fds[ENGINE_LISTENERS];             /* the same sockets by numbers that stay */
	struct arena_check *check;                   /* NULL: nobody looks */
	struct crowd *crowd;                         /* what each worker that serves many will be; NULL: none does */
	struct park park; /* the worker's, but each looks, few write: not behind the ring, on a page of its own */

	/* The worker's. Up to the ring on one page: a fresh worker has but one to copy. */
	_Alignas(ARENA_PAGE) struct standing *standing;
	unsigned int index;
	pid_t parent;
	struct gate gate;
	struct stray stray;
	int statm_fd; /* its memory, or -1 */
	int backoff_ms;
	uint64_t requests;
	bool is_over;         /* its one client is served, and there is nothing left to do */
	bool ring_is_stuck;   /* the service process did not come to empty it when waited for */
	bool lines_are_stuck; /* the same of the ring of lines */
	struct brood_conn conn;
	struct standing own; /* what is published; its ring is seldom touched */
};

/* In the service process, before the model starts: fills in service->arena. 0 or -errno. */
int arena_open(struct service *service);
void arena_close(struct service *service); /* idempotent */

/* In the worker. The C library's way is the quicker one, but the first time takes three page faults. */
static inline int64_t arena_now_ns(const struct arena *arena)
{
	return arena->one_shot ? direct_now_ns() : clock_now_ns();
}

#endif
