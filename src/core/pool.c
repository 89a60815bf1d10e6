/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "contract/line_spool.h"
#include "contract/transport.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "process/pages.h"

#define ALIGNMENT 64
#define PAGE      4096

static size_t aligned(size_t size, size_t to)
{
	return (size + to - 1) / to * to;
}

static bool has_datagrams(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		if (ledger->acceptors[i].listener.transport->datagram)
			return true;
	return false;
}

struct pool_layout pool_layout(const struct service *service, unsigned int count)
{
	struct pool_layout layout = {
		.state_size = aligned(service->config.state_size, ALIGNMENT),
		.packet_size = has_datagrams(service->ledger)
				       ? aligned((size_t)service->config.max_packet + 1, ALIGNMENT)
				       : 0,
	};

	layout.cold_at = count * layout.state_size;
	layout.kits_at = aligned(layout.cold_at + count * sizeof(struct conn_cold), PAGE);
	layout.kit_size = aligned(CONN_BUFFER + 2 * layout.packet_size, PAGE);
	layout.size = layout.kits_at + count * layout.kit_size;
	return layout;
}

static void use_kit(struct brood_conn *conn, const struct pool_layout *layout, char *kit)
{
	conn->buffer = kit;
	if (layout->packet_size == 0)
		return;
	conn->packet.data = kit + CONN_BUFFER;
	conn->packet.reply = conn->packet.data + layout->packet_size;
}

void pool_equip(struct service *service, struct brood_conn *conn, unsigned int index,
	const struct pool_layout *layout, char *extras)
{
	conn->service = service;
	conn->model = &service->model;
	conn->index = index;
	conn->publish_fd = -1;
	conn->publish_at = (off_t)(index * service->board.area_size);
	conn->packet.limit = (size_t)service->config.max_packet;
	conn->state = layout->state_size ? extras + index * layout->state_size : NULL;
	conn->cold = (struct conn_cold *)(void *)(extras + layout->cold_at) + index;
	list_init(&conn->work);
	if (service->crowd) {
		crowd_equip(conn);
		return;
	}
	conn->slot = board_slot(&service->board, index);
	use_kit(conn, layout, extras + layout->kits_at + index * layout->kit_size);
}

/* The connections themselves are the service process's own pages (a forked worker gets a copy on its stack); what hangs on
 * them is inherited, and costs nothing (never touched) until a client needs it. */
int pool_open(struct service *service)
{
	unsigned int count = engine_slots(&service->config);
	struct pool *pool = &service->ledger->pool;

	list_init(&pool->free);
	pool->count = count;
	pool->conns_size = count * sizeof(struct brood_conn);
	pool->layout = pool_layout(service, count);
	pool->conns = zone_take(service->engine->zone, pool->conns_size);
	pool->extras = pages_new(pool->layout.size);
	if (!pool->conns || !pool->extras)
		return -ENOMEM;
	return service->model.config.worker_copies
		       ? zone_leave_out_too(service->engine->zone, pool->conns, pool->conns_size)
		       : 0;
}

void pool_close(struct service *service)
{
	struct pool *pool = &service->ledger->pool;

	zone_give(service->engine->zone, pool->conns, pool->conns_size);
	pages_free(pool->extras, pool->layout.size);
	*pool = (struct pool){ 0 };
}

/* Only what one connection leaves behind for the next is reset: most of a conn is written before it is read. */
void pool_renew(struct brood_conn *conn)
{
	conn->fd = -1;
	conn->pid = 0;
	conn->ended_ns = 0;
	conn->queue_us = -1;
	conn->expire_sent = conn->answered = conn->recorded = false;
	conn->expired = 0;
	conn->broken = conn->result = 0;
	conn->set_up = conn->refused = false;
	conn->got_byte = conn->eof = conn->finished = conn->aborted = conn->bad_request = conn->may_say_late =
		conn->blocks = conn->drained = conn->peeks = conn->gave_way = conn->forked = conn->child = false;
	conn->peer_size = conn->local_size = 0;
	conn->has_peer_text = false;
	conn->buffer_start = conn->buffer_end = 0;
	conn->packet.size = conn->packet.read = conn->packet.reply_size = 0;
	conn->packet.wrote = false;
	conn->defers = 0;
	conn->file = NULL;
	conn->spooled = 0;
	if (conn->service->access_format != ACCESS_NONE && conn->model->ops->publishes)
		line_spool_begin(conn->slot);
	memset(conn->slot, 0, slot_used(conn->slot)); /* texts nobody wrote are empty since the last time */
}

/* The one given back last: its pages are warm. Else the lowest that was never in use: fewer pages are ever touched. */
struct brood_conn *pool_take(struct service *service)
{
	struct pool *pool = &service->ledger->pool;
	struct brood_conn *conn;

	if (!list_empty(&pool->free)) {
		conn = container_of(pool->free.prev, struct brood_conn, link);
		list_remove(&conn->link);
	} else if (pool->used < pool->count &&
		   (!service->crowd || crowd_open_conns(service->crowd, pool->used) == 0)) {
		conn = &pool->conns[pool->used];
		pool_equip(service, conn, pool->used++, &pool->layout, pool->extras);
	} else {
		return NULL;
	}
	pool_renew(conn);
	if (pool_take_kit(conn) == 0)
		return conn;
	list_append(&pool->free, &conn->link);
	return NULL;
}

void pool_give(struct brood_conn *conn)
{
	pool_give_kit(conn);
	list_append(&conn->service->ledger->pool.free, &conn->link);
}

/* ---- Kits of a worker that serves many: as many as there are requests in progress have memory ---- */

static char *kit_at(const struct pool *pool, uint32_t kit)
{
	return pool->extras + pool->layout.kits_at + kit * pool->layout.kit_size;
}

int pool_take_kit(struct brood_conn *conn)
{
	const struct service *service = conn->service;
	struct pool *pool = &service->ledger->pool;
	uint32_t kit;

	if (!service->crowd || conn->buffer)
		return 0;
	if (pool->free_kit_count > 0) {
		kit = pool->free_kits[--pool->free_kit_count];
		if (pool->cold_kits > pool->free_kit_count)
			pool->cold_kits = pool->free_kit_count;
	} else {
		if (crowd_open_kits(service->crowd, pool->kits) < 0)
			return -ENOMEM;
		kit = pool->kits++;
	}
	use_kit(conn, &pool->layout, kit_at(pool, kit));
	return 0;
}

void pool_give_kit(struct brood_conn *conn)
{
	const struct service *service = conn->service;
	struct pool *pool = &service->ledger->pool;

	if (!service->crowd || !conn->buffer)
		return;
	pool->free_kits[pool->free_kit_count++] =
		(uint32_t)((conn->buffer - kit_at(pool, 0)) / pool->layout.kit_size);
	conn->buffer = NULL;
}

unsigned int pool_trim_kits(struct pool *pool)
{
	unsigned int given = 0;

	while (given < POOL_TRIM_BATCH && pool->free_kit_count > pool->cold_kits + POOL_KITS_KEPT) {
		madvise(kit_at(pool, pool->free_kits[pool->cold_kits++]), pool->layout.kit_size, MADV_DONTNEED);
		given++;
	}
	return given;
}
