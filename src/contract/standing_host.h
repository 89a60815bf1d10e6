/* SPDX-License-Identifier: MIT */
/*
 * How a model with standing workers calls upward: the model decides how many processes there are, where they come from and
 * when they go; core knows what they do. Filled in by core; struct brood_host_ops points to it.
 */
#ifndef CONTRACT_STANDING_HOST_H
#define CONTRACT_STANDING_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "contract/end_reason.h"

struct brood_conn;
struct child_exit;
struct seat;
struct service;
struct standing;
struct tally;

struct standing_host_ops {
	/* ---- In the processes made for a slot ---- */

	/* In a child just forked for it, first of all: leave the service process's descriptors but kept_fd (-1: none). <0: it
	 * must _exit. */
	int (*enter)(struct service *service, unsigned int index, int kept_fd);

	/* In a keeper: the descriptors that one worker after the other uses are as they were. */
	int (*restore)(struct service *service);

	/* In a worker, a child of parent (the service process) even where a keeper forked it: start, clients, stop. 0: it
	 * may exit; <0: it failed to start, and must exit with a failure. */
	int (*stand)(struct service *service, unsigned int index, pid_t parent);

	/* In the child that brood_fork makes of a worker: leave the queues. */
	void (*leave_queues)(const struct brood_conn *conn);

	/* ---- In the service process ---- */

	/* Workers make it readable when there is something to see and the board says that nobody looks. */
	int (*wake_fd)(const struct service *service);

	/* The board: what a worker tells of itself, and is told. */
	struct standing *(*area)(const struct service *service, unsigned int index);
	struct tally *(*tally)(const struct service *service);

	/* Those who are forked from now on may accept. */
	void (*open)(struct service *service);

	/* Before a process is made for this slot: its area is as new, and the only one that children forked next see. */
	int (*lend)(struct service *service, unsigned int index);

	/* End records that this worker left become lines and counters; true: there were some. The lines are held back until
	 * flush, which is due soon. */
	bool (*harvest)(struct service *service, unsigned int index, pid_t worker);
	void (*flush)(struct service *service);

	/* It is reaped, and harvested: what it had in its hands ends, if there was anybody. reason: what its death means for
	 * such a client, unless the slot knows better. table_pidfd: of a process with its descriptors, or -1. */
	void (*gone)(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
		const struct child_exit *exit, int table_pidfd);

	/* The client whose handler has the worker now, or had it when it died; NULL: none, it only waits. */
	const struct seat *(*in_hand)(const struct service *service, unsigned int index);

	/* The deadline of the client in its hands passed: as host->expire. */
	void (*expire)(struct service *service, unsigned int index, int table_pidfd);

	/* Every worker there may be is busy, or that is over. Who waits then is counted, and told once. */
	void (*saturated)(struct service *service, bool now);

	/* Does anybody wait in a queue that is still ours? */
	bool (*anyone_waits)(const struct service *service);

	/* Draining: nobody does, and no more may come. Idempotent. */
	void (*emptied)(struct service *service);

	/* The last worker is gone. */
	void (*all_gone)(struct service *service);
};

#endif
