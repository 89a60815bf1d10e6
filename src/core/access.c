/* SPDX-License-Identifier: MIT */
/* Invariant: a line is left behind before its request is marked as told, and is there whole or not at all, wherever a crash comes. */
#include "core/access.h"

#include <string.h>
#include <unistd.h>

#include "contract/line_ring.h"
#include "core/arena.h"
#include "core/engine_private.h"
#include "core/tell.h"
#include "platform/direct.h"

/* How long a full ring is waited for. A service process that does not come in that time is not waited for again. */
#define ACCESS_ROOM_MS 4

struct log *access_target(const struct service *service)
{
	return service->access_log ? service->access_log : service->engine->log;
}

static void write_now(const struct brood_conn *conn, char *line, size_t size)
{
	log_pass(access_target(conn->service), NULL, line - 1, size);
}

static void be_told(struct slot *slot)
{
	atomic_store_explicit(&slot->asked_ns, 0, memory_order_release);
}

/* ---- A standing worker ---- */

static struct line_ring *ring_of(const struct service *service)
{
	return (void *)((char *)service->arena->standing + service->board.area_size - LINE_RING_SIZE);
}

static bool has_room(const struct line_ring *ring, uint64_t head, size_t size)
{
	return head - atomic_load_explicit(&ring->tail, memory_order_acquire) + size <= LINE_RING_BYTES;
}

static bool wait_for_room(struct arena *arena, const struct line_ring *ring, uint64_t head, size_t size)
{
	if (has_room(ring, head, size)) {
		arena->lines_are_stuck = false;
		return true;
	}
	tell_wake(arena);
	for (int ms = 0; ms < ACCESS_ROOM_MS && !arena->lines_are_stuck; ms++) {
		usleep(1000);
		if (has_room(ring, head, size))
			return true;
	}
	arena->lines_are_stuck = true;
	return false;
}

static void copy_in(struct line_ring *ring, uint64_t head, const char *line, size_t size)
{
	size_t at = head % LINE_RING_BYTES, first = LINE_RING_BYTES - at;

	if (first > size)
		first = size;
	memcpy(ring->bytes + at, line, first);
	memcpy(ring->bytes, line + first, size - first);
}

/* The service process looks by itself, often enough for everybody but a ring that fills up. */
static void tell_if_half_full(const struct arena *arena, const struct line_ring *ring, uint64_t head, size_t size)
{
	uint64_t used = head - atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (used < LINE_RING_BYTES / 2 && used + size >= LINE_RING_BYTES / 2)
		tell_wake(arena);
}

static void put_into_ring(struct brood_conn *conn, const char *line, size_t size)
{
	struct arena *arena = conn->service->arena;
	struct line_ring *ring = ring_of(conn->service);
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (wait_for_room(arena, ring, head, size)) {
		copy_in(ring, head, line, size);
		atomic_store_explicit(&conn->slot->line_end, head + size, memory_order_relaxed);
		atomic_store_explicit(&ring->head, head + size, memory_order_release);
		tell_if_half_full(arena, ring, head, size);
	} else {
		slot_add(&ring->lost, 1);
	}
	be_told(conn->slot);
}

/* ---- A forked one ---- */

static void publish(const struct brood_conn *conn, const void *data, size_t size, size_t at)
{
	direct_pwrite(conn->publish_fd, data, size, conn->publish_at + LINE_SPOOL_AT + (off_t)at);
}

/* What is on the page, here and now; asked_ns of its last request. */
static __attribute__((noinline)) int64_t write_spool(const struct brood_conn *conn)
{
	char block[1 + LINE_SPOOL_SIZE];
	int64_t last_ns = 0;
	size_t size = 0;

	if (conn->spooled > 0 &&
		direct_pread(conn->publish_fd, block + 1, LINE_SPOOL_SIZE, conn->publish_at + LINE_SPOOL_AT) > 0)
		size = line_spool_take(block + 1, &last_ns);
	if (size > 0)
		log_pass(access_target(conn->service), NULL, block, size);
	return last_ns;
}

/* All up to this request is written: that alone remains to be known. */
static void empty_spool(struct brood_conn *conn, int64_t last_ns)
{
	struct line_head told[2] = { { .asked_ns = last_ns } };

	publish(conn, told, sizeof told, 0);
	conn->spooled = sizeof *told;
}

static void put_into_spool(struct brood_conn *conn, char *line, size_t size)
{
	struct line_head head = { .asked_ns = conn->slot->asked_ns, .size = size };
	const size_t all = sizeof head + size;

	if (conn->spooled + all + sizeof head > LINE_SPOOL_SIZE) {
		write_spool(conn);
		write_now(conn, line, size);
		empty_spool(conn, head.asked_ns);
	} else {
		memcpy(line - sizeof head, &head, sizeof head);
		memset(line + size, 0, sizeof head);
		publish(conn, line - sizeof head, all + sizeof head, conn->spooled);
		conn->spooled += (unsigned int)all;
	}
	be_told(conn->slot);
}

void access_catch_up(struct brood_conn *conn)
{
	if (conn->spooled > sizeof(struct line_head))
		empty_spool(conn, write_spool(conn));
}

/* ---- Either ---- */

/* A child of a standing worker's own (brood_fork) is not alone with the ring. */
static bool has_ring(const struct brood_conn *conn)
{
	const struct arena *arena = conn->service->arena;

	return arena && arena->board_fd < 0 && !arena->stray.is_child;
}

void access_put(struct brood_conn *conn, char *line, size_t size)
{
	if (has_ring(conn))
		put_into_ring(conn, line, size);
	else if (conn->publish_fd >= 0 && !conn->service->arena)
		put_into_spool(conn, line, size);
	else if (atomic_exchange(&conn->slot->asked_ns, 0) != 0)
		write_now(conn, line, size); /* else it was late, and others have told of it */
}
