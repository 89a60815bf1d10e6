/* SPDX-License-Identifier: MIT */
#include "core/tell.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/transport.h"
#include "core/admit.h"
#include "core/arena.h"
#include "core/end.h"
#include "core/engine_private.h"

/* How long a full ring is waited for. A service process that does not come in that time is not waited for again. */
#define ROOM_TRIES  50
#define ROOM_TRY_US 1000

void tell_wake(const struct arena *arena)
{
	uint64_t one = 1;

	/* Fails only if the counter is about to overflow, and then it is readable anyway. */
	if (write(arena->wake_fd, &one, sizeof one) < 0)
		return;
}

/* After what there is to see was written, sequentially consistent: the service process says that it sleeps, and then looks
 * once more. */
void tell_wake_if_asleep(const struct arena *arena)
{
	if (atomic_load(&arena->standing->asleep))
		tell_wake(arena);
}

/* What we write comes first, then what we are told, then the ring. */
static void publish(const struct arena *arena)
{
	if (arena->board_fd >= 0)
		direct_pwrite(arena->board_fd, &arena->own, offsetof(struct standing, order), arena->conn.publish_at);
}

static void publish_record(const struct arena *arena, const struct end_record *record)
{
	off_t at = (const char *)record - (const char *)&arena->own;

	if (arena->board_fd >= 0)
		direct_pwrite(arena->board_fd, record, sizeof *record, arena->conn.publish_at + at);
}

void tell_refresh(struct arena *arena)
{
	size_t from = offsetof(struct standing, order), to = offsetof(struct standing, ring);

	if (arena->board_fd >= 0)
		direct_pread(
			arena->board_fd, (char *)&arena->own + from, to - from, arena->conn.publish_at + (off_t)from);
}

void tell_state(struct arena *arena, enum standing_state state, int64_t now_ns)
{
	atomic_store_explicit(&arena->standing->since_ns, now_ns, memory_order_relaxed);
	atomic_store(&arena->standing->state, state);
	publish(arena);
}

/* Without a start to wait for, the service process took this for granted, and need not be told. */
void tell_ready(struct arena *arena)
{
	if (arena->board_fd >= 0 && !arena->service->config.handler.start)
		return;
	tell_refresh(arena);
	tell_state(arena, STANDING_IDLE, arena->standing->started_ns);
	tell_wake_if_asleep(arena);
}

void tell_leaving(struct arena *arena)
{
	tell_state(arena, STANDING_LEAVING, arena_now_ns(arena));
}

void tell_failed(struct arena *arena, int error)
{
	arena->standing->seat.slot.error = error;
	atomic_store(&arena->standing->seat.slot.reason, END_START_FAILED);
	atomic_store(&arena->standing->state, STANDING_STARTING);
	publish(arena);
}

uint32_t tell_uid_of(struct brood_conn *conn, bool limited)
{
	struct brood_cred cred;

	return limited && brood_peer_cred(conn, &cred) == 0 ? cred.uid : SOURCE_NO_UID;
}

/* Mostly an IP address: a few moves, where a call of memcpy is a page fault more for a fresh worker. */
static void copy_peer(union conn_address *to, const struct brood_conn *conn)
{
	if (conn->peer_size <= sizeof(struct sockaddr_in6))
		memcpy(to, &conn->peer, sizeof(struct sockaddr_in6));
	else
		memcpy(to, &conn->peer, conn->peer_size);
}

void tell_client(struct arena *arena, const struct admit_client *client, bool limited)
{
	struct standing *standing = arena->standing;
	struct brood_conn *conn = &arena->conn;

	conn->queue_us = queue_wait_bounded_us(&client->queue_wait);
	/* A datagram's descriptor is the listener's: nobody is to shut that down for a client. */
	atomic_store_explicit(
		&standing->seat.client_fd, conn->transport->datagram ? -1 : conn->fd, memory_order_relaxed);
	atomic_store_explicit(
		&standing->seat.queue_us, queue_wait_bounded_us(&client->queue_wait), memory_order_relaxed);
	atomic_store_explicit(&standing->seat.accepted_ns, conn->accepted_ns, memory_order_relaxed);
	atomic_store_explicit(&standing->seat.tag, limited ? client->tag : 0, memory_order_relaxed);
	atomic_store_explicit(&standing->seat.uncounted, 0, memory_order_relaxed);
	standing->seat.uid = tell_uid_of(conn, limited);
	standing->seat.peer_size = conn->peer_size;
	copy_peer(&standing->seat.peer, conn);
	slot_add(&standing->served, 1);
	tell_state(arena, STANDING_BUSY, conn->accepted_ns);
	tell_refresh(arena);
	tell_wake_if_asleep(arena);
}

void tell_uncounted(struct arena *arena)
{
	atomic_store_explicit(&arena->standing->seat.uncounted, 1, memory_order_relaxed);
	publish(arena);
}

static bool has_room(const struct arena *arena, uint64_t head)
{
	return head - atomic_load_explicit(&arena->standing->harvested, memory_order_acquire) < STANDING_RECORDS;
}

/* Somebody else is to run for a moment: the records are worth that. But logging never stops the service. */
static bool wait_for_room(struct arena *arena, uint64_t head)
{
	if (has_room(arena, head)) {
		arena->ring_is_stuck = false;
		return true;
	}
	tell_wake(arena);
	for (int i = 0; i < ROOM_TRIES && !arena->ring_is_stuck; i++) {
		usleep(ROOM_TRY_US);
		tell_refresh(arena);
		if (has_room(arena, head))
			return true;
	}
	arena->ring_is_stuck = true;
	return false;
}

static void fill_in(struct end_record *record, const struct arena *arena, const struct admit_client *client)
{
	const struct brood_conn *conn = &arena->conn;

	if (arena->board_fd >= 0)
		memset(record, 0, sizeof *record); /* all of it is published */
	record->reason = END_NONE;
	record->worker = 0; /* who harvests knows better */
	record->queue_us = queue_wait_bounded_us(&client->queue_wait);
	record->queue_at_most = client->queue_wait.at_most;
	record->counted = true;
	record->datagram = conn->transport->datagram;
	record->listener = (uint32_t)(conn->listener - arena->listeners);
	record->dropped = conn->packet.dropped;
	record->uid = arena->standing->seat.uid;
	record->tag = atomic_load_explicit(&arena->standing->seat.tag, memory_order_relaxed);
	record->accepted_ns = conn->accepted_ns;
	record->ended_ns = arena_now_ns(arena);
	record->peer_size = conn->peer_size;
	copy_peer(&record->peer, conn);
	end_read_slot(record, conn->slot);
}

/* What a source is to wait for, it waits for from now on; and the ring is not to be full before somebody looks. */
static void tell_news(const struct arena *arena, uint64_t head, bool blamed)
{
	uint64_t harvested = atomic_load_explicit(&arena->standing->harvested, memory_order_relaxed);

	if (blamed || head - harvested == STANDING_RECORDS / 2)
		tell_wake(arena);
	else
		tell_wake_if_asleep(arena);
}

void tell_end(struct arena *arena, const struct admit_client *client, enum end_reason would_refuse)
{
	struct standing *standing = arena->standing;
	const struct slot *slot = &standing->seat.slot;
	uint64_t head = atomic_load_explicit(&standing->head, memory_order_relaxed);
	struct end_record *record = &standing->ring[head % STANDING_RECORDS];
	int64_t now_ns;

	slot_add(&standing->requests, atomic_load_explicit(&slot->requests, memory_order_relaxed));
	slot_add(&standing->bytes_in, atomic_load_explicit(&slot->bytes_in, memory_order_relaxed));
	slot_add(&standing->bytes_out, atomic_load_explicit(&slot->bytes_out, memory_order_relaxed));
	if (wait_for_room(arena, head)) {
		fill_in(record, arena, client);
		record->would_refuse = would_refuse;
		now_ns = record->ended_ns;
		publish_record(arena, record);
		atomic_store_explicit(&standing->head, head + 1, memory_order_release);
	} else {
		now_ns = arena_now_ns(arena);
		slot_add(&standing->lost, 1);
	}
	tell_state(arena, STANDING_IDLE, now_ns);
	tell_news(arena, head + 1, slot->blame[0] != '\0');
}

/* ---- Of a worker that serves many: it cannot wait for room ---- */

struct end_record *tell_next_record(const struct arena *arena)
{
	struct standing *standing = arena->standing;
	uint64_t head = atomic_load_explicit(&standing->head, memory_order_relaxed);

	return has_room(arena, head) ? &standing->ring[head % STANDING_RECORDS] : NULL;
}

void tell_recorded(const struct arena *arena, bool blamed)
{
	uint64_t head = atomic_load_explicit(&arena->standing->head, memory_order_relaxed) + 1;

	atomic_store(&arena->standing->head, head);
	tell_news(arena, head, blamed);
}

void tell_accept_error(struct arena *arena, int error)
{
	atomic_store_explicit(&arena->standing->accept_error, error, memory_order_relaxed);
	slot_add(&arena->standing->accept_errors, 1);
	atomic_thread_fence(memory_order_seq_cst);
	publish(arena);
	tell_refresh(arena);
	tell_wake_if_asleep(arena);
}

void tell_wants_to_go(struct arena *arena)
{
	atomic_store(&arena->standing->wants_to_go, 1);
	publish(arena);
	tell_wake(arena);
}
