/* SPDX-License-Identifier: MIT */
/*
 * Children held by a service process: each has one connection, is watched by its pidfd in the loop, is told to end
 * when its deadline passed or it is stuck (process/ladder.h, process/stall.h), and becomes one host->ended. Used by
 * fork (every connection) and by iterative (brood_fork).
 */
#ifndef MODEL_HELD_H
#define MODEL_HELD_H

#include <stdint.h>

#include "contract/end_reason.h"
#include "loop/loop.h"
#include "process/child.h"
#include "process/ladder.h"
#include "process/stall.h"

struct brood_conn;
struct model;
struct slot;

struct held {
	struct loop_source source;
	struct child child;
	struct brood_conn *conn;  /* NULL: this entry is free */
	enum end_reason ended_as; /* we are ending it, and why; END_NONE: we are not */
	struct ladder ladder;
	struct stall stall;
};

/* In the zone that no child sees (process/zone.h). */
struct held_set {
	const struct zone *zone; /* where it is */
	int capacity;
	int count;
	unsigned int sweeps;
	bool blind;            /* /proc did not tell about a child, and that was said */
	struct held entries[]; /* by conn->index */
};

struct held_set *held_new(struct model *model, int capacity); /* NULL: no memory */
void held_free(struct held_set *set);                         /* NULL is fine */

/* 0 in the child (which has left everything of the parent's, serves by its_conn, which it can see, and must end with
 * held_exit), 1 in the parent, which now owes one host->ended for conn, or -errno. */
int held_spawn(struct held_set *set, struct brood_conn *conn, struct brood_conn *its_conn);

/* exit(3) in children becomes held_exit: in the service process, where that is ours, or in each child. */
void held_catch_exit(struct model *model);

/* In the child: never returns. */
_Noreturn void held_exit(int status);

/* What a worker's death says about the connection in its hands: END_NONE, if its slot knows better. ended_as: for
 * what the model itself was ending it, or END_NONE. */
enum end_reason held_reason(
	const struct model *model, const struct slot *slot, enum end_reason ended_as, const struct child_exit *ended);

/* Each 250 ms. */
void held_sweep(struct held_set *set, int64_t now_ns);
void held_kill(struct held_set *set);

#endif
