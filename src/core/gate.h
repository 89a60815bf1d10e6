/* SPDX-License-Identifier: MIT */
/*
 * Where a standing worker waits for its next client, and how it is called away from there. accept4(2) on the one listener
 * simply blocks: the kernel gives clients in turn, and polling first costs prefork 1.39 ×. So a word has to come by signal;
 * its handler puts a descriptor on which accept4 and epoll_wait fail in the place of the one that the worker waits on, in
 * the worker's own table. Whether the signal comes just before the call, during it or after: the next one fails.
 */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include <signal.h>

#include "core/engine.h"

struct arena;
struct brood_conn;

/* Ignored by default: one that comes too early or too late does nothing. Only handlers that ask for it get it otherwise. */
#define GATE_SIGNAL SIGURG

/* Part of the arena. */
struct gate {
	volatile sig_atomic_t called_away;
	int epoll_fd;         /* or -1 */
	unsigned int accepts; /* since the listeners were added to it */
	int dead_fd;          /* neither a listener nor an epoll */
	int count;
	int fds[ENGINE_LISTENERS + 1]; /* in whose place it comes */
	timer_t timer;                 /* sends the signal to ourselves: gate_limit */
	bool has_timer;
};

/* In the service process: prepares arena->gate, for all workers. */
void gate_prepare(struct arena *arena);

/* In a worker, before it waits for the first time. 0 or -errno. */
int gate_open(struct arena *arena);
void gate_close(struct arena *arena);

/* Wait for the next client: 0, -ESHUTDOWN when called away, else as transport_ops.accept. */
int gate_take(struct arena *arena, struct brood_conn *conn);

/* For the next gate_take: after so long it is called away, and there is no word to it. 0: for no gate_take any more. */
void gate_limit(struct arena *arena, int ms);

/* After -ESHUTDOWN, to go on: as before the signal. */
int gate_restore(struct arena *arena);
int gate_restore_fds(const struct arena *arena); /* the numbers alone: in a keeper, whose table is its workers' */

/* Those who wait already in the queues to be emptied: 0, -EAGAIN when there are none, else as transport_ops.accept. A queue
 * that is found empty is closed. Without waiting where listeners are O_NONBLOCK. */
int gate_take_queued(struct arena *arena, struct brood_conn *conn);

/* A child of a worker's (brood_fork) has no part in the queue. */
void gate_leave(const struct arena *arena, int kept_fd);

#endif
