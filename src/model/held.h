/* SPDX-License-Identifier: MIT */
/*
 * Children held by a service process: each has one connection, is watched by its pidfd in the loop, is told to end
 * when its deadline passed (TERM, then KILL), and becomes one host->ended. Used by fork (every connection)
 * and by iterative (brood_fork).
 */
#ifndef MODEL_HELD_H
#define MODEL_HELD_H

#include <stdint.h>

#include "loop/loop.h"
#include "process/child.h"

struct brood_conn;
struct model;

/* From SIGTERM to SIGKILL, for a child past its deadline and kill_after. */
#define HELD_TERM_GRACE_MS 1000

struct held {
	struct loop_source source;
	struct child child;
	struct brood_conn *conn; /* NULL: this entry is free */
	int64_t term_ns;         /* when SIGTERM was sent, or 0 */
	bool ended_by_us;
};

/* In pages of its own (process/pages.h). */
struct held_set {
	int capacity;
	int count;
	struct held entries[]; /* by conn->index */
};

struct held_set *held_new(struct model *model, int capacity); /* NULL: no memory */
void held_free(struct held_set *set);                         /* NULL is fine */

/* 0 in the child (which has left everything of the parent's, serves by its_conn, which it can see, and must end with
 * held_exit), 1 in the parent, which now owes one host->ended for conn, or -errno. */
int held_spawn(struct held_set *set, struct brood_conn *conn, struct brood_conn *its_conn);

/* In the child: never returns. */
_Noreturn void held_exit(int status);

void held_sweep(struct held_set *set, int64_t now_ns);
void held_kill(struct held_set *set);

#endif
