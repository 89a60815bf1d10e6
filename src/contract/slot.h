/* SPDX-License-Identifier: MIT */
/*
 * A slot: what a worker tells about the connection in its hands, while it lives and after it died.
 * One page each in shared memory (observe/board.h). Written by one worker only: a forked one has its own, on its
 * stack, and publishes it by a write to the board's descriptor. Read by the service process and the supervisor,
 * which trust none of it: every enum is range-checked, every text is cut at its array, every time only
 * ever costs the worker its own life.
 */
#ifndef CONTRACT_SLOT_H
#define CONTRACT_SLOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Where a connection stands. Not the service's state: that is enum service_state. */
enum conn_phase {
	PHASE_PLACED, /* accepted, waiting for its worker */
	PHASE_VERIFY, /* in verify */
	PHASE_SETUP,  /* in setup */
	PHASE_HANDLE, /* in handle */
	PHASE_PARKED, /* between two calls of handle: owned by core, needs no stack */
	PHASE_FINISH, /* in error, finish and the deferred calls */
	PHASE_LINGER, /* reading and discarding before the close */
	PHASE_OVER,   /* reason and error are valid */
};

#define SLOT_NOTE_SIZE  256
#define SLOT_BLAME_SIZE 64
#define SLOT_SIZE       4096

struct slot {
	/* The worker has promised to be over by then (monotonic ns); 0: no promise. Whoever watches the
	 * worker shuts the connection down then, and ends the worker kill_after later. */
	_Atomic int64_t must_end_ns;
	_Atomic uint32_t phase;  /* enum conn_phase */
	_Atomic uint32_t reason; /* enum end_reason; END_NONE while it runs */
	_Atomic uint32_t forked; /* iterative: left to a child (brood_fork), whom the service process watches */
	_Atomic int32_t error;   /* negative errno behind the reason, or 0 */
	_Atomic uint64_t bytes_in;
	_Atomic uint64_t bytes_out;
	_Atomic uint64_t requests;  /* begun: while in PHASE_HANDLE, the number of the one in hand */
	_Atomic uint32_t answering; /* some of the answer to this request may have left: nobody else may answer */

	/* For the access log, if there is one. */
	_Atomic uint32_t status;  /* of the answer, once it is composed; else 0 */
	_Atomic int64_t asked_ns; /* when the request came that has no line yet; 0: there is none */
	_Atomic uint64_t
		line_end; /* should the ring's head (contract/line_ring.h) be here or beyond, it has one; 0: not yet */

	char note[SLOT_NOTE_SIZE];   /* "key=value key=value …"; as the handler gave it: the log escapes */
	char blame[SLOT_BLAME_SIZE]; /* why this client was blamed, or "" */
};

/* "handle"; takes any value: what a worker left in shared memory is not to be trusted. */
const char *slot_phase_name(unsigned int phase);

/* Bytes of it that say something. */
static inline size_t slot_used(const struct slot *slot)
{
	return slot->note[0] || slot->blame[0] ? sizeof *slot : offsetof(struct slot, note);
}

/* One writer: no read-modify-write, so no lock prefix; atomic only so that a reader sees whole values. */
static inline void slot_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

#endif
