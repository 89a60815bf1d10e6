/* SPDX-License-Identifier: MIT */
/*
 * What the service process tells about the connection in a slot, beside what its worker tells there: since when, whose, and
 * who serves it. Second half of the same page; not for standing workers, which tell it themselves (contract/standing.h).
 * Readers trust none of it: under thread and iterative a handler can write here.
 */
#ifndef CONTRACT_PLACED_H
#define CONTRACT_PLACED_H

#include <string.h>

#include "contract/conn.h"
#include "contract/slot.h"

#define PLACED_OFFSET 2048

struct placed {
	_Atomic int64_t since_ns; /* accepted; 0: nobody is in this slot */
	_Atomic int32_t pid;      /* of a worker with a process of its own, or 0 */
	_Atomic uint32_t peer_size;
	union conn_address peer;
};

_Static_assert(sizeof(struct slot) <= PLACED_OFFSET, "what the worker tells comes first");
_Static_assert(PLACED_OFFSET + sizeof(struct placed) <= SLOT_SIZE, "both are one page");

static inline struct placed *placed_of(struct slot *slot)
{
	return (struct placed *)(void *)((char *)slot + PLACED_OFFSET);
}

static inline void placed_begin(const struct brood_conn *conn)
{
	struct placed *placed = placed_of(conn->slot);

	atomic_store_explicit(&placed->pid, 0, memory_order_relaxed);
	atomic_store_explicit(&placed->peer_size, conn->peer_size, memory_order_relaxed);
	memcpy(&placed->peer, &conn->peer, conn->peer_size);
	atomic_store_explicit(&placed->since_ns, conn->accepted_ns, memory_order_release);
}

static inline void placed_worker(const struct brood_conn *conn)
{
	atomic_store_explicit(&placed_of(conn->slot)->pid, conn->pid, memory_order_relaxed);
}

static inline void placed_end(const struct brood_conn *conn)
{
	atomic_store_explicit(&placed_of(conn->slot)->since_ns, 0, memory_order_relaxed);
}

#endif
