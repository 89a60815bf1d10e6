/* SPDX-License-Identifier: MIT */
/*
 * What a standing worker tells about itself in its area on the board. In the worker; sends a wake-up only if nobody looks.
 * One-shot workers do not have their area mapped: they fill in one of their own and publish it with pwrite(2), and what they
 * are told they fetch.
 */
#ifndef CORE_TELL_H
#define CORE_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/end_reason.h"
#include "contract/standing.h"

struct admit_client;
struct arena;
struct brood_conn;
struct end_record;

void tell_state(struct arena *arena, enum standing_state state, int64_t now_ns);
void tell_ready(struct arena *arena); /* IDLE, for the first time: somebody may wait for it */
void tell_leaving(struct arena *arena);
void tell_failed(struct arena *arena, int error); /* to start */

/* What we are told is as it is now. */
void tell_refresh(struct arena *arena);

/* The client just accepted is in our hands: BUSY. limited: client says who it is. */
void tell_client(struct arena *arena, const struct admit_client *client, bool limited);

/* A dry run let it in, whom the limits would have refused: others are not to count it. */
void tell_uncounted(struct arena *arena);

/* It is closed: what the slot says goes into the ring. IDLE. */
void tell_end(struct arena *arena, const struct admit_client *client, enum end_reason would_refuse);

/* The same for one that serves many: the next free record of the ring, to be filled in; NULL: the service process has not
 * come to empty it. Then: it is filled in. blamed: somebody should look soon. */
struct end_record *tell_next_record(const struct arena *arena);
void tell_recorded(const struct arena *arena, bool blamed);

/* Of a Unix peer, if its source is counted by it. */
uint32_t tell_uid_of(struct brood_conn *conn, bool limited);

/* The service process looks: now; or soon, as it does by itself unless the area says that it sleeps. */
void tell_wake(const struct arena *arena);
void tell_wake_if_asleep(const struct arena *arena);

void tell_accept_error(struct arena *arena, int error);
void tell_wants_to_go(struct arena *arena);

#endif
