/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "contract/transport.h"
#include "core/engine_private.h"

#define ALIGNMENT 64

static size_t aligned(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static bool has_datagrams(const struct service *service)
{
	for (size_t i = 0; i < service->acceptor_count; i++)
		if (service->acceptors[i].listener.transport->datagram)
			return true;
	return false;
}

/* The parts that every accept writes lie together; buffers, packets and states follow and cost nothing (NORESERVE, never
 * touched) until a client needs them. */
int pool_open(struct service *service)
{
	unsigned int count = engine_slots(&service->config);
	size_t packet_size = has_datagrams(service) ? aligned((size_t)service->config.max_packet + 1) : 0;
	size_t state_size = aligned(service->config.state_size);
	size_t conns_size = aligned(count * sizeof(struct brood_conn));
	size_t each = CONN_BUFFER + 2 * packet_size + state_size;
	size_t size = conns_size + count * each;
	struct pool_memory *pool = &service->pool;
	char *extra;

	pool->mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->mapping == MAP_FAILED) {
		pool->mapping = NULL;
		return -errno;
	}
	pool->size = size;
	pool->count = count;
	pool->conns = pool->mapping;
	list_init(&pool->free);
	extra = (char *)pool->mapping + conns_size;
	for (unsigned int i = 0; i < count; i++, extra += each) {
		struct brood_conn *conn = &pool->conns[i];

		conn->service = service;
		conn->model = &service->model;
		conn->index = i;
		conn->slot = board_slot(&service->board, i);
		conn->buffer = extra;
		conn->packet.data = packet_size ? extra + CONN_BUFFER : NULL;
		conn->packet.reply = packet_size ? extra + CONN_BUFFER + packet_size : NULL;
		conn->packet.limit = (size_t)service->config.max_packet;
		conn->state = state_size ? extra + CONN_BUFFER + 2 * packet_size : NULL;
		list_init(&conn->work);
		list_append(&pool->free, &conn->link);
	}
	return 0;
}

void pool_close(struct service *service)
{
	if (service->pool.mapping)
		munmap(service->pool.mapping, service->pool.size);
	service->pool = (struct pool_memory){ 0 };
}

/* Only what one connection leaves behind for the next is reset: most of a conn is written before it is read. */
struct brood_conn *pool_take(struct service *service)
{
	struct pool_memory *pool = &service->pool;
	struct brood_conn *conn;

	if (list_empty(&pool->free))
		return NULL;
	/* The one given back last: its pages are warm. */
	conn = container_of(pool->free.prev, struct brood_conn, link);
	list_remove(&conn->link);
	conn->fd = -1;
	conn->pid = 0;
	conn->expire_sent = conn->recorded = false;
	conn->expired = 0;
	conn->broken = 0;
	conn->got_byte = conn->eof = conn->finished = conn->aborted = conn->forked = conn->child = false;
	conn->peer_size = conn->local_size = 0;
	conn->peer_text[0] = '\0';
	conn->buffer_start = conn->buffer_end = 0;
	conn->packet.size = conn->packet.read = conn->packet.reply_size = 0;
	conn->packet.wrote = false;
	conn->defers = 0;
	conn->file = NULL;
	memset(conn->slot, 0, sizeof *conn->slot);
	return conn;
}

void pool_give(struct brood_conn *conn)
{
	list_append(&conn->service->pool.free, &conn->link);
}
