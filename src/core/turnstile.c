/* SPDX-License-Identifier: MIT */
#include "core/turnstile.h"

#include <poll.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/admit.h"
#include "core/arena.h"
#include "core/engine_private.h"
#include "core/tell.h"

/* Those who came and went since the service process last looked: they have their tokens, too. True: one of them came at
 * accepted_ns. */
static bool add_unharvested(const struct arena *arena, const struct standing *sibling, uint64_t tag,
	int64_t accepted_ns, struct admit_counts *counts)
{
	uint64_t tail = atomic_load_explicit(&sibling->harvested, memory_order_acquire);
	uint64_t head = atomic_load_explicit(&sibling->head, memory_order_acquire);
	bool found = false;

	if (head - tail > STANDING_RECORDS)
		return false;
	for (; tail != head; tail++) {
		const struct end_record *record = &sibling->ring[tail % STANDING_RECORDS];

		found = found || record->accepted_ns == accepted_ns;
		if (tag && record->tag == tag && record->would_refuse == END_NONE &&
			end_reason_kind(record->reason) != END_KIND_REFUSED)
			admit_counts_ended(arena->service, record->accepted_ns, counts);
	}
	return found;
}

/* Over is over before the client hears of it: who comes back at once does not meet itself, only its token. */
static void add_client(const struct arena *arena, const struct standing *sibling, const struct admit_client *client,
	int64_t accepted_ns, struct admit_counts *counts)
{
	uint64_t tag = atomic_load_explicit(&sibling->seat.tag, memory_order_relaxed);

	if (atomic_load_explicit(&sibling->seat.slot.phase, memory_order_acquire) != PHASE_OVER)
		admit_counts_add(arena->service, client, tag, accepted_ns, counts);
	else if (tag && tag == client->tag &&
		 end_reason_kind(atomic_load_explicit(&sibling->seat.slot.reason, memory_order_relaxed)) !=
			 END_KIND_REFUSED)
		admit_counts_ended(arena->service, accepted_ns, counts);
}

static void add_sibling(
	const struct arena *arena, unsigned int index, const struct admit_client *client, struct admit_counts *counts)
{
	const struct standing *sibling = board_sibling(&arena->service->board, index);
	bool busy = atomic_load(&sibling->state) == STANDING_BUSY &&
		    !atomic_load_explicit(&sibling->seat.uncounted, memory_order_relaxed);
	int64_t accepted_ns = atomic_load_explicit(&sibling->seat.accepted_ns, memory_order_relaxed);
	bool ended = add_unharvested(arena, sibling, client->tag, accepted_ns, counts);

	if (busy && !ended && index != arena->index)
		add_client(arena, sibling, client, accepted_ns, counts);
}

/* Whoever comes at the same time sees us, and we it: the bound may be overshot by none of us, and is in doubt kept. */
bool turnstile_lets_in(struct arena *arena, struct admit_client *client, enum end_reason *ret_would)
{
	const struct board *board = &arena->service->board;
	struct brood_conn *conn = &arena->conn;
	struct admit_counts counts;
	int tries = ADMIT_TRIES;
	enum end_reason reason;

	do {
		admit_counts_begin(arena->service, client, conn->accepted_ns, &counts);
		for (unsigned int i = 0; i < board->count; i++)
			add_sibling(arena, i, client, &counts);
	} while (admit_counts_again(arena->service, &counts, &tries));
	reason = admit_judge(arena->service, conn, client, &counts, ret_would);
	atomic_store_explicit(&conn->slot->reason, reason, memory_order_relaxed);
	if (*ret_would != END_NONE)
		tell_uncounted(arena);
	return reason == END_NONE;
}

/* Whoever was refused last may still be sending. */
void turnstile_close(struct arena *arena)
{
	struct pollfd life = { .fd = arena->life_fd };

	while (park_look(&arena->park, clock_now_ns()) > 0)
		if (poll(&life, 1, PARK_LOOK_MS) > 0)
			break;
	park_close(&arena->park);
}

/* With a word, if there is one; parked, so that a reset does not overtake it. */
void turnstile_refuse(struct arena *arena)
{
	const struct brood_service *config = &arena->service->config;
	struct brood_conn *conn = &arena->conn;

	atomic_store_explicit(&conn->slot->phase, PHASE_OVER, memory_order_relaxed);
	if (conn->transport->datagram)
		return;
	if (config->refusal_size > 0)
		conn->transport->send(conn, config->refusal, config->refusal_size);
	conn->transport->finish(conn);
	park_add(&arena->park, conn->fd, conn->accepted_ns);
	conn->fd = -1;
}

/* Refused clients who may still be sending are seen to, unless somebody comes: up to PARK_MS. */
void turnstile_look_after_refused(struct arena *arena)
{
	struct pollfd readable = { .fd = arena->gate.epoll_fd >= 0 ? arena->gate.epoll_fd : arena->queue_fds[0],
		.events = POLLIN };

	while (park_look(&arena->park, clock_now_ns()) > 0 && atomic_load(&arena->standing->order) == STANDING_STAY)
		if (poll(&readable, 1, PARK_LOOK_MS) != 0)
			return;
}
