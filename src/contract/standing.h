/* SPDX-License-Identifier: MIT */
/*
 * The area of a standing worker on the board: written by that worker alone (it maps these pages writable and all others
 * read-only), read by the service process, by status and top, and by its siblings for their sums. Readers trust none of it.
 *
 *   STARTING → IDLE ⇄ BUSY → LEAVING        GONE: written by the service process, between two workers of this slot
 */
#ifndef CONTRACT_STANDING_H
#define CONTRACT_STANDING_H

#include <stdatomic.h>
#include <stdint.h>

#include "contract/record.h"
#include "contract/seat.h"
#include "contract/tally.h"

enum standing_state {
	STANDING_GONE,
	STANDING_STARTING,
	STANDING_IDLE,
	STANDING_BUSY,
	STANDING_LEAVING,
	STANDING_STATES
};

/* Ends that the service process has not harvested yet. A worker whose ring is full drops the record and counts it; one that
 * serves many keeps it for later. */
#define STANDING_RECORDS 64

/* What the service process tells a worker. */
enum standing_order {
	STANDING_STAY,
	STANDING_LEAVE, /* after the client in hand; those in the queue are for others */
	STANDING_EMPTY, /* when nobody waits in the queues any more */
};

/* Ends without a record of their own (core/fold.h). */
struct folded {
	_Atomic uint64_t count, requests, bytes_in, bytes_out;
	struct histogram duration;
};

struct standing {
	struct seat seat; /* of the connection in its hands; valid while BUSY. Not of one that serves many */

	_Atomic uint32_t state;                         /* enum standing_state */
	_Atomic int64_t since_ns;                       /* in this state */
	_Atomic uint64_t served;                        /* connections, by this worker */
	_Atomic uint64_t requests, bytes_in, bytes_out; /* by this worker, ended connections */
	_Atomic uint32_t wants_to_go; /* 1: served as much, or grew as large, as one worker should */
	_Atomic uint64_t accept_errors;
	_Atomic int32_t accept_error; /* negative errno of the last one */

	/* Of one that serves many; its seats follow (standing_seats). */
	_Atomic uint32_t clients; /* in its hands */
	_Atomic uint32_t counted; /* of these, by its limits */
	_Atomic uint32_t
		away; /* 1: it does not listen, and clients that the kernel told it alone of are for others */
	_Atomic uint32_t full;     /* 1: it takes nobody more */
	_Atomic uint32_t seats;    /* so many were ever taken, the lowest first */
	_Atomic uint32_t running;  /* whose handler runs now: the number of the seat + 1; 0: nobody's */
	_Atomic uint32_t overflow; /* 1: that handler has used up its stack */
	_Atomic uint64_t turns;    /* of its loop */

	_Atomic uint64_t lost; /* records dropped because the ring was full */
	_Atomic uint64_t head; /* records ever written */

	/* Written by the service process, here where its worker looks anyhow: who spoils it spoils itself. */
	_Atomic uint32_t order; /* enum standing_order */
	_Atomic int32_t pid;
	_Atomic int64_t started_ns; /* this worker */
	_Atomic uint32_t queues;    /* STANDING_EMPTY is about these: a bit for each listener */
	_Atomic uint32_t open;      /* 1: accept */
	_Atomic uint32_t asleep;    /* 1: nobody looks at the area until woken by the eventfd */
	_Atomic uint32_t waiting;   /* 1: clients wait because all workers are busy */
	_Atomic uint32_t limit;     /* requests after which this worker wants to go; 0: any number */
	_Atomic uint32_t rank;      /* of one that serves many: its number among those who stay, from 0 … */
	_Atomic uint32_t workers;   /* … and how many these are to be */
	_Atomic uint64_t harvested; /* records that are read */

	struct end_record ring[STANDING_RECORDS]; /* number n is at n % STANDING_RECORDS */
	struct folded folded;                     /* of one that serves many */
};

#define STANDING_SIZE ((sizeof(struct standing) + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE)

/* In an area that has them; behind them is the worker's own table of sources, if there are limits per source. */
static inline struct seat *standing_seats(struct standing *standing)
{
	return (struct seat *)(void *)((char *)standing + STANDING_SIZE);
}

static inline size_t standing_sources_at(int max_conns)
{
	return (STANDING_SIZE + (size_t)max_conns * sizeof(struct seat) + 63) / 64 * 64;
}

#endif
