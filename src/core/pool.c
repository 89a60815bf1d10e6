/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "contract/transport.h"
#include "core/engine_private.h"
#include "process/pages.h"

#define ALIGNMENT 64

static size_t aligned(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static bool has_datagrams(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		if (ledger->acceptors[i].listener.transport->datagram)
			return true;
	return false;
}

/* A connection's buffer, packet, answer, state and what is cold, one after the other. */
struct extras {
	size_t packet_size;
	size_t state_size;
	size_t each;
};

static struct extras extras_of(const struct service *service)
{
	struct extras extras = {
		.packet_size = has_datagrams(service->ledger) ? aligned((size_t)service->config.max_packet + 1) : 0,
		.state_size = aligned(service->config.state_size),
	};

	extras.each = CONN_BUFFER + 2 * extras.packet_size + extras.state_size + aligned(sizeof(struct conn_cold));
	return extras;
}

size_t pool_extras_size(const struct service *service)
{
	return extras_of(service).each;
}

void pool_equip(struct service *service, struct brood_conn *conn, unsigned int index, char *extra)
{
	struct extras extras = extras_of(service);

	conn->service = service;
	conn->model = &service->model;
	conn->index = index;
	conn->publish_fd = -1;
	conn->publish_at = (off_t)(index * service->board.area_size);
	conn->slot = board_slot(&service->board, index);
	conn->buffer = extra;
	extra += CONN_BUFFER;
	if (extras.packet_size) {
		conn->packet.data = extra;
		conn->packet.reply = extra + extras.packet_size;
		extra += 2 * extras.packet_size;
	}
	conn->packet.limit = (size_t)service->config.max_packet;
	conn->state = extras.state_size ? extra : NULL;
	conn->cold = (struct conn_cold *)(void *)(extra + extras.state_size);
	list_init(&conn->work);
}

/* The connections themselves are the service process's own pages (a forked worker gets a copy on its stack); what hangs on
 * them is inherited, and costs nothing (never touched) until a client needs it. */
int pool_open(struct service *service)
{
	unsigned int count = engine_slots(&service->config);
	struct pool *pool = &service->ledger->pool;
	size_t each = pool_extras_size(service);
	int r = 0;

	list_init(&pool->free);
	pool->conns_size = count * sizeof(struct brood_conn);
	pool->extras_size = count * each;
	pool->conns = zone_take(service->engine->zone, pool->conns_size);
	pool->extras = pages_new(pool->extras_size);
	if (!pool->conns || !pool->extras)
		return -ENOMEM;
	if (service->model.config.worker_copies)
		r = zone_leave_out_too(service->engine->zone, pool->conns, pool->conns_size);
	/* So that the lowest are taken first: fewer pages are ever touched. */
	for (unsigned int i = count; i > 0; i--) {
		pool_equip(service, &pool->conns[i - 1], i - 1, pool->extras + (i - 1) * each);
		list_append(&pool->free, &pool->conns[i - 1].link);
	}
	return r;
}

void pool_close(struct service *service)
{
	struct pool *pool = &service->ledger->pool;

	zone_give(service->engine->zone, pool->conns, pool->conns_size);
	pages_free(pool->extras, pool->extras_size);
	*pool = (struct pool){ 0 };
}

/* Only what one connection leaves behind for the next is reset: most of a conn is written before it is read. */
void pool_renew(struct brood_conn *conn)
{
	conn->fd = -1;
	conn->pid = 0;
	conn->expire_sent = conn->answered = conn->recorded = false;
	conn->expired = 0;
	conn->broken = conn->result = 0;
	conn->set_up = conn->refused = false;
	conn->got_byte = conn->eof = conn->finished = conn->aborted = conn->gave_way = conn->forked = conn->child =
		false;
	conn->peer_size = conn->local_size = 0;
	conn->has_peer_text = false;
	conn->buffer_start = conn->buffer_end = 0;
	conn->packet.size = conn->packet.read = conn->packet.reply_size = 0;
	conn->packet.wrote = false;
	conn->defers = 0;
	conn->file = NULL;
	memset(conn->slot, 0, sizeof *conn->slot);
}

struct brood_conn *pool_take(struct service *service)
{
	struct pool *pool = &service->ledger->pool;
	struct brood_conn *conn;

	if (list_empty(&pool->free))
		return NULL;
	/* The one given back last: its pages are warm. */
	conn = container_of(pool->free.prev, struct brood_conn, link);
	list_remove(&conn->link);
	pool_renew(conn);
	return conn;
}

void pool_give(struct brood_conn *conn)
{
	list_append(&conn->service->ledger->pool.free, &conn->link);
}
