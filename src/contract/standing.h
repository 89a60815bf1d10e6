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
#include "contract/slot.h"

enum standing_state { STANDING_GONE, STANDING_STARTING, STANDING_IDLE, STANDING_BUSY, STANDING_LEAVING, STANDING_STATES };

/* Ends that the service process has not harvested yet. A worker whose ring is full drops the record and counts it. */
#define STANDING_RECORDS 32

struct standing {
	struct slot slot; /* of the connection in its hands; first, so that board_slot finds it */

	_Atomic uint32_t state; /* enum standing_state */
	_Atomic int32_t pid;
	_Atomic int64_t since_ns;    /* in this state */
	_Atomic int64_t started_ns;  /* this worker */
	_Atomic uint64_t served;     /* connections, by this worker */
	_Atomic uint64_t requests, bytes_in, bytes_out; /* by this worker, ended connections */

	/* The client in its hands while BUSY: seqlock-free, so a reader may meet half of the next one's name. */
	_Atomic int32_t client_fd;   /* its number in the worker's (and the keeper's) table, or -1 */
	_Atomic int32_t queue_us;
	_Atomic int64_t accepted_ns;
	uint32_t peer_size;
	union conn_address peer;

	_Atomic uint64_t lost;       /* records dropped because the ring was full */
	_Atomic uint64_t head;       /* records ever written */
	struct end_record ring[STANDING_RECORDS]; /* number n is at n % STANDING_RECORDS */
};

#define STANDING_SIZE ((sizeof(struct standing) + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE)

#endif
