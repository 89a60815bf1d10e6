/* SPDX-License-Identifier: MIT */
/*
 * A client in the hands of a standing worker, as the worker tells it on the board: its slot, and who it is. One writer, the
 * worker; who reads trusts none of it, and may meet half of the next client's name.
 */
#ifndef CONTRACT_SEAT_H
#define CONTRACT_SEAT_H

#include <stdatomic.h>
#include <stdint.h>

#include "contract/conn.h"
#include "contract/slot.h"

struct seat {
	struct slot slot; /* first, so that board_slot finds a worker's only one */

	_Atomic int32_t client_fd; /* its number in the worker's (and the keeper's) table, or -1 */
	_Atomic int32_t queue_us;
	_Atomic int64_t accepted_ns;
	_Atomic uint64_t tag;       /* of its source (core/admit.h), or 0 */
	_Atomic uint32_t uncounted; /* 1: a dry run let it in, whom the limits would have refused */
	uint32_t uid;               /* of a Unix peer, if its source is counted by it */
	uint32_t peer_size;
	union conn_address peer;
};

#endif
