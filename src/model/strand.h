/* SPDX-License-Identifier: MIT */
/*
 * A strand: one connection of a worker that serves many at once, and the fiber that serves it while a request is in
 * progress. Lives in the worker's one thread; only the loop's own stack starts and resumes fibers.
 *
 *   FREE → RUNS ⇄ WAITS (in wait)
 *           │  ⇄ READY (is to run in the next turn, so that others get theirs)
 *           ├── between two requests ──→ PARKED (no fiber) ── something to read, too late, draining ──→ RUNS
 *           └── over (SENDS: a datagram, until its answer has left with others) ──→ FREE, host->ended
 *
 * Its descriptor is in the loop from its first wait on, edge-triggered: what a wait does not hear is not lost, since whoever
 * waits has tried before, and what was not tried since an event is tried (brood_conn.drained).
 */
#ifndef MODEL_STRAND_H
#define MODEL_STRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "loop/fiber.h"
#include "loop/loop.h"
#include "model/offload.h"

struct brood_conn;
struct model;
struct model_config;

enum strand_state { STRAND_FREE, STRAND_RUNS, STRAND_WAITS, STRAND_SENDS, STRAND_READY, STRAND_PARKED, STRAND_OVER };

struct strand {
	struct brood_conn *conn;
	struct fiber *fiber; /* NULL: none, or none yet */
	struct loop_source source;
	struct loop_timer timer; /* due at the deadline or before: then it is set again */
	struct list link;        /* in ready, or sending */
	int64_t deadline_ns;
	enum strand_state state;
	uint32_t events;  /* that it waits for */
	uint32_t watched; /* that the loop was asked for */
	int woken;        /* what its wait answers */
	bool begun;       /* a fiber has ever served it */
	bool last_chance; /* we drain, and its client has until deadline_ns for one more request */
	bool sends;       /* its answer is to leave */
};

struct strands {
	struct model *model;
	struct loop *loop;
	struct fibers fibers;
	struct list ready;
	struct loop_timer ready_timer;
	struct list starved; /* who would go on, but for want of a stack */
	struct loop_timer starved_timer;
	struct list sending;            /* whose answers, to datagrams, are to leave together … */
	struct loop_timer answer_timer; /* … in the next turn */
	struct loop_timer trim_timer;   /* of stacks that nobody needs any more */
	struct offload offload;         /* functions of theirs that block */
	int out;                        /* strands that are not FREE */
	int most;
	_Atomic uint32_t *running; /* where it is told which connection's handler runs: its index + 1; 0: none */
	struct strand *all;        /* by index of the connection */
	unsigned int used;         /* of these, the lowest first: the others have no memory yet */
};

/* Usable bytes of each stack. */
size_t strands_stack_size(const struct model_config *config);

/* all: zeroed, as many as most, each of which has memory before its connection begins; borrowed. 0 or -errno. */
int strands_init(
	struct strands *strands, struct model *model, struct strand *all, int most, _Atomic uint32_t *running);
void strands_fini(struct strands *strands); /* whoever is left never goes on */

/* Serves conn until it first waits. Takes it on 0, and promises one host->ended; -ENOMEM: no stack. */
int strand_begin(struct strands *strands, struct brood_conn *conn);

/* model_ops.wait, send_later and breathe, in the fiber of conn. */
int strand_wait(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain);
void strand_send_later(struct brood_conn *conn);
void strand_breathe(struct brood_conn *conn);

/* In the fiber of conn: until strand_wake (0), which is called in the loop and may come to nothing, or as wait without
 * events. */
int strand_sleep(struct brood_conn *conn, int64_t deadline_ns);
void strand_wake(struct brood_conn *conn);

/* Between two requests; then, in the next turn, it is told that there will be none. */
bool strand_is_parked(const struct brood_conn *conn);
void strand_end_park(struct brood_conn *conn);

/* Those who are parked, now and later, are told that the service drains; everybody, that everything must end. */
void strands_drain(struct strands *strands);
void strands_cancel(struct strands *strands);

#endif
