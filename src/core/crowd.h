/* SPDX-License-Identifier: MIT */
/*
 * A standing worker that serves many clients at once: an engine of its own, with one service, on a loop of its own. Clients
 * are accepted, admitted, served and ended by what does so in a service process (accept.c, admit.c, life.c, end.c); what
 * differs is here: they are seen by others in seats on the board, and each end is a record in the worker's ring, which the
 * service process harvests. Addresses for all that it will need are there before the worker is.
 *
 *   STARTING ── start, and somebody says go ──→ IDLE ⇄ BUSY (clients) ── told to, or everything must end ──→ LEAVING
 */
#ifndef CORE_CROWD_H
#define CORE_CROWD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "contract/end_reason.h"

struct admit_counts;
struct arena;
struct brood_conn;
struct crowd;
struct service;

/* In the service process, before any worker is made: fills in arena->crowd. 0 or -errno. */
int crowd_open(struct service *service);
void crowd_close(struct arena *arena); /* idempotent */

/* As take_stand (core/take.h), for such a worker. */
int crowd_stand(struct service *service, unsigned int index, pid_t parent);

/* ---- In the worker: what core's other files call where service->crowd is set ---- */

/* A connection of the pool that was never used: where it is seen. */
void crowd_equip(struct brood_conn *conn);

/* Memory for connections, or kits, from that number on. 0 or -ENOMEM. */
int crowd_open_conns(struct crowd *crowd, unsigned int from);
int crowd_open_kits(struct crowd *crowd, unsigned int from);

/* It was let in; it is over (idempotent). */
void crowd_seat(struct brood_conn *conn);
void crowd_unseat(struct brood_conn *conn);

/* One more call of handle is over: maybe the worker has served, or grown, enough. */
void crowd_served_request(struct crowd *crowd);

/* It does not listen, or does so again: whoever waits may have to be told to others. */
void crowd_is_away(struct crowd *crowd, bool away);

/* Leaves its end record. False: there is no room now; end_connection will be called for it again, and what its client
 * sees of its end has happened. */
bool crowd_tell(struct brood_conn *conn, enum end_reason reason);

/* What admit_counts_begin does not know of: clients in the hands of the others, as they say; of this source, clients and
 * tokens of all. */
void crowd_count(const struct service *service, uint64_t tag, struct admit_counts *counts);

/* For core/arena_check.c: what comes and goes with its clients. */
bool crowd_has_memory_at(const struct arena *arena, uintptr_t address);
bool crowd_has_parked(const struct arena *arena);      /* refused clients, for a moment */
unsigned int crowd_threads(const struct arena *arena); /* made for what blocks; they stay */

/* struct brood_host_ops.is_stray and is_shared. */
bool crowd_is_stray(const struct brood_conn *conn);
bool crowd_is_shared(const struct brood_conn *conn);

#endif
