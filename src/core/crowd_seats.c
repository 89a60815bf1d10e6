/* SPDX-License-Identifier: MIT */
/*
 * What others see of the clients of a worker that serves many: a seat each while they are in its hands, a record in its
 * ring when they are over. One writer of the area: this file and tell.c, in the worker's one thread.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/admit.h"
#include "core/burden.h"
#include "core/crowd_private.h"
#include "core/end.h"
#include "core/fold.h"
#include "core/share.h"
#include "core/tell.h"

/* From one look to the next whether the ring has room again. */
#define UNTOLD_LOOK_MS 1

static struct seat *seat_of(const struct brood_conn *conn)
{
	return &standing_seats(conn->service->arena->standing)[conn->index];
}

void crowd_equip(struct brood_conn *conn)
{
	conn->slot = &seat_of(conn)->slot;
	conn->buffer = NULL;
	conn->sole = true;
}

/* ---- While they are here ---- */

static void tell_numbers(struct crowd *crowd)
{
	struct standing *standing = crowd->arena->standing;
	const struct admission *admission = crowd->arena->service->admission;
	bool full = crowd->clients >= crowd->ledger.pool.count;

	atomic_store_explicit(&standing->clients, crowd->clients, memory_order_relaxed);
	atomic_store_explicit(&standing->counted, admission ? admission->clients : 0, memory_order_relaxed);
	if (atomic_load_explicit(&standing->full, memory_order_relaxed) == full)
		return;
	atomic_store(&standing->full, full);
	if (full && !crowd->share_timer.place)
		loop_arm(&crowd->loop, &crowd->share_timer, crowd->loop.now_ns + SHARE_LOOK_MS * NS_PER_MS);
}

void crowd_is_away(struct crowd *crowd, bool away)
{
	struct standing *standing = crowd->arena->standing;

	if (atomic_load_explicit(&standing->away, memory_order_relaxed) == away)
		return;
	atomic_store(&standing->away, away);
	if (away)
		tell_wake(crowd->arena);
}

static void become_busy(struct crowd *crowd, int64_t now_ns)
{
	tell_state(crowd->arena, STANDING_BUSY, now_ns);
	if (!crowd->turn_timer.place)
		loop_arm(&crowd->loop, &crowd->turn_timer, now_ns + CROWD_TURN_MS * NS_PER_MS);
}

/* Should there be no room, its own table bounds the rate all the same: for this worker alone. */
static void tell_arrival(struct crowd *crowd, struct brood_conn *conn, const struct admission_place *place)
{
	struct end_record *record;

	if (crowd->arena->service->admission->config.rate.token_ns == 0 || place->client.tag == 0 ||
		place->would != END_NONE)
		return;
	record = tell_next_record(crowd->arena);
	if (!record) {
		tell_wake(crowd->arena);
		return;
	}
	memset(record, 0, offsetof(struct end_record, peer));
	record->arrival = true;
	record->tag = place->client.tag;
	record->uid = tell_uid_of(conn, true);
	record->accepted_ns = conn->accepted_ns;
	record->peer_size = conn->peer_size;
	memcpy(&record->peer, &conn->peer, conn->peer_size);
	tell_recorded(crowd->arena, false);
}

void crowd_seat(struct brood_conn *conn)
{
	struct crowd *crowd = conn->service->crowd;
	struct standing *standing = crowd->arena->standing;
	const struct admission_place *place = admit_place(conn);
	const struct queue_wait queue_wait = admit_queue_wait(conn);
	struct seat *seat = seat_of(conn);

	/* A datagram's descriptor is the listener's: nobody is to shut that down for a client. */
	atomic_store_explicit(&seat->client_fd, conn->transport->datagram ? -1 : conn->fd, memory_order_relaxed);
	atomic_store_explicit(&seat->queue_us, queue_wait_bounded_us(&queue_wait), memory_order_relaxed);
	atomic_store_explicit(&seat->tag, place ? place->client.tag : 0, memory_order_relaxed);
	atomic_store_explicit(&seat->uncounted, place && place->would != END_NONE, memory_order_relaxed);
	seat->uid = tell_uid_of(conn, place != NULL);
	seat->peer_size = conn->peer_size;
	memcpy(&seat->peer, &conn->peer, conn->peer_size);
	atomic_store_explicit(&seat->accepted_ns, conn->accepted_ns, memory_order_release);
	if (conn->index >= atomic_load_explicit(&standing->seats, memory_order_relaxed))
		atomic_store_explicit(&standing->seats, conn->index + 1, memory_order_relaxed);
	slot_add(&standing->served, 1);
	if (place)
		tell_arrival(crowd, conn, place);
	if (crowd->clients++ == 0)
		become_busy(crowd, conn->accepted_ns);
	tell_numbers(crowd);
	tell_wake_if_asleep(crowd->arena);
}

void crowd_unseat(struct brood_conn *conn)
{
	struct crowd *crowd = conn->service->crowd;
	struct seat *seat = seat_of(conn);

	/* Who was refused never had it. */
	if (atomic_load_explicit(&seat->accepted_ns, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&seat->accepted_ns, 0, memory_order_relaxed);
	crowd->clients--;
	tell_numbers(crowd);
	if (crowd->clients == 0)
		tell_state(crowd->arena, STANDING_IDLE, clock_now_ns());
}

/* ---- When they are over ---- */

static void tell_untold(struct loop_timer *timer)
{
	struct crowd *crowd = container_of(timer, struct crowd, untold_timer);
	struct list now;

	list_init(&now);
	list_take_all(&now, &crowd->untold);
	while (!list_empty(&now)) {
		struct brood_conn *conn = container_of(now.next, struct brood_conn, work);

		list_remove(&conn->work);
		end_connection(conn, END_NONE, NULL);
	}
}

/* Its place in the pool stays taken: so many, and no more, can be untold. */
static void defer_record(struct crowd *crowd, struct brood_conn *conn, enum end_reason reason)
{
	atomic_store_explicit(&conn->slot->reason, reason, memory_order_relaxed);
	conn->transport->close(conn);
	if (conn->ended_ns == 0) {
		conn->ended_ns = clock_now_ns();
		crowd->strands.out++;
	}
	list_append(&crowd->untold, &conn->work);
	crowd->untold_timer.fire = tell_untold;
	if (!crowd->untold_timer.place)
		loop_arm(&crowd->loop, &crowd->untold_timer, clock_now_ns() + UNTOLD_LOOK_MS * NS_PER_MS);
	tell_wake(crowd->arena);
}

static void add_counts(struct arena *arena, const struct slot *slot)
{
	struct standing *standing = arena->standing;

	slot_add(&standing->requests, atomic_load_explicit(&slot->requests, memory_order_relaxed));
	slot_add(&standing->bytes_in, atomic_load_explicit(&slot->bytes_in, memory_order_relaxed));
	slot_add(&standing->bytes_out, atomic_load_explicit(&slot->bytes_out, memory_order_relaxed));
}

void crowd_served_request(struct crowd *crowd)
{
	crowd->arena->requests++;
	burden_look(crowd->arena);
}

/* A place that was kept for as long as its record found no room. */
static void give_place_back(struct crowd *crowd, const struct brood_conn *conn)
{
	if (conn->ended_ns)
		crowd->strands.out--;
}

static void fill_in(struct end_record *record, struct brood_conn *conn, enum end_reason reason)
{
	const struct admission_place *place = admit_place(conn);
	const struct acceptor *acceptor = container_of(conn->listener, struct acceptor, listener);

	end_fill_in(record, conn, reason);
	record->arrival = record->died = record->answered = record->bystander = false;
	record->overdue_ms = 0;
	record->tag = place ? place->client.tag : 0;
	record->uid = conn->fd >= 0 ? tell_uid_of(conn, place != NULL) : seat_of(conn)->uid;
	record->listener = (uint32_t)(acceptor - conn->service->ledger->acceptors);
	record->dropped = conn->packet.dropped;
	record->would_refuse = place ? place->would : END_NONE;
}

bool crowd_tell(struct brood_conn *conn, enum end_reason reason)
{
	struct crowd *crowd = conn->service->crowd;
	struct arena *arena = crowd->arena;
	struct end_record *record = NULL;
	bool folded = fold_end(&arena->standing->folded, conn, reason);

	if (!folded)
		record = tell_next_record(arena);
	if (!folded && !record && !crowd->unheard) {
		defer_record(crowd, conn, reason);
		return false;
	}
	give_place_back(crowd, conn);
	add_counts(arena, conn->slot);
	if (folded) {
		tell_wake_if_asleep(arena);
	} else if (record) {
		fill_in(record, conn, reason);
		tell_recorded(arena, conn->slot->blame[0] != '\0');
	} else {
		slot_add(&arena->standing->lost, 1);
	}
	return true;
}

/* ---- All of them ---- */

/* Who came since the service process last looked: they have their tokens, too. */
static void add_arrivals(
	const struct service *service, const struct standing *sibling, uint64_t tag, struct admit_counts *counts)
{
	uint64_t tail = atomic_load_explicit(&sibling->harvested, memory_order_acquire);
	uint64_t head = atomic_load_explicit(&sibling->head, memory_order_acquire);

	if (head - tail > STANDING_RECORDS)
		return;
	for (; tail != head; tail++) {
		const struct end_record *record = &sibling->ring[tail % STANDING_RECORDS];

		if (record->arrival && record->tag == tag)
			admit_counts_ended(service, record->accepted_ns, counts);
	}
}

static void add_of_source(
	const struct service *service, const struct standing *sibling, uint64_t tag, struct admit_counts *counts)
{
	const char *area = (const char *)sibling;
	struct sources theirs = service->admission->own;

	if (!theirs.entries || tag == 0)
		return;
	theirs.entries = (void *)(uintptr_t)(area + standing_sources_at(service->config.max_conns));
	counts->of_source += sources_read(&theirs, tag).clients;
	add_arrivals(service, sibling, tag, counts);
}

/* Arrivals for which the ring had no room are known here alone. */
static void take_own_bucket(const struct service *service, uint64_t tag, struct admit_counts *counts)
{
	const struct sources *own = &service->admission->own;
	int64_t full_ns = own->entries && tag ? sources_read(own, tag).bucket_full_ns : 0;

	if (full_ns > counts->bucket_full_ns)
		counts->bucket_full_ns = full_ns;
}

/* Whoever comes at the same time elsewhere is not seen: beyond the bound there may be one of each worker. */
void crowd_count(const struct service *service, uint64_t tag, struct admit_counts *counts)
{
	const struct board *board = &service->board;

	for (unsigned int i = 0; i < board->count; i++) {
		const struct standing *sibling = board_sibling(board, i);
		uint32_t clients = atomic_load_explicit(&sibling->counted, memory_order_relaxed);

		if (atomic_load_explicit(&sibling->state, memory_order_relaxed) == STANDING_GONE)
			continue;
		if (i != service->arena->index && clients <= (uint32_t)service->config.max_conns)
			counts->clients += clients;
		add_of_source(service, sibling, tag, counts);
	}
	take_own_bucket(service, tag, counts);
}

/* One, and then it is looked again whether somebody still waits: how many do, nobody knows. Each look begins where the last one
 * has ended. */
bool crowd_give_way(struct crowd *crowd)
{
	const struct pool *pool = &crowd->ledger.pool;

	for (unsigned int i = 0; i < pool->used; i++) {
		struct brood_conn *conn = &pool->conns[(crowd->share_next + i) % pool->used];

		if (!strand_is_parked(conn) || !share_was_had(conn))
			continue;
		if (!share_is_wanted(conn))
			return false;
		crowd->share_next = conn->index + 1;
		conn->gave_way = true;
		strand_end_park(conn);
		return true;
	}
	return false;
}

bool crowd_is_stray(const struct brood_conn *conn)
{
	return conn->service->arena->stray.is_child;
}

bool crowd_is_shared(const struct brood_conn *conn)
{
	return conn->service->arena->stray.was_forked;
}

static bool is_in(uintptr_t address, const void *from, size_t size)
{
	return address >= (uintptr_t)from && address < (uintptr_t)from + size;
}

bool crowd_has_memory_at(const struct arena *arena, uintptr_t address)
{
	const struct crowd *crowd = arena->crowd;

	return crowd && (is_in(address, crowd->memory, crowd->memory_size) ||
				is_in(address, crowd->strands.fibers.stacks.mapping,
					crowd->strands.fibers.stacks.mapping_size));
}

bool crowd_has_parked(const struct arena *arena)
{
	return arena->crowd && arena->crowd->ledger.park.count > 0;
}

unsigned int crowd_threads(const struct arena *arena)
{
	return arena->crowd ? arena->crowd->strands.offload.started : 0;
}

void crowd_park_out(struct crowd *crowd)
{
	struct park *park = &crowd->ledger.park;
	struct pollfd life = { .fd = crowd->arena->life_fd };

	while (park_look(park, clock_now_ns()) > 0)
		if (poll(&life, 1, PARK_LOOK_MS) > 0)
			break;
	park_close(park);
}
