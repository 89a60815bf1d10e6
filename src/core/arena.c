/* SPDX-License-Identifier: MIT */
#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "contract/transport.h"
#include "core/arena_check.h"
#include "core/engine_private.h"
#include "core/pool.h"
#include "core/stray.h"
#include "process/pages.h"

#define ALIGNMENT 64

static size_t head_size(void)
{
	return (sizeof(struct arena) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* One whose flags we may not set (fd://) blocks or does not as somebody else likes. */
static bool accept_waits(const struct ledger *ledger)
{
	const struct listener *listener = &ledger->acceptors[0].listener;

	return ledger->acceptor_count == 1 && !listener->transport->datagram && !listener->shared;
}

/* A number of its own for what accept may block on, so that it can be taken away (core/gate.h). */
static int add_listener(struct arena *arena, const struct listener *listener)
{
	size_t n = arena->listener_count;
	int fd = listener->fd;

	if (!listener->transport->datagram && (arena->waits || listener->shared))
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	arena->queue_fds[n] = listener->fd;
	arena->listeners[n] = *listener;
	arena->listeners[n].fd = fd;
	arena->listener_count++;
	return 0;
}

static int fill_in(struct arena *arena)
{
	struct service *service = arena->service;
	const struct ledger *ledger = service->ledger;
	int r = 0;

	arena->waits = accept_waits(ledger);
	for (size_t i = 0; i < ledger->acceptor_count && r == 0; i++)
		r = add_listener(arena, &ledger->acceptors[i].listener);
	if (r < 0)
		return r;
	arena->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (arena->wake_fd < 0)
		return -errno;
	/* Once for all of them, where the process is ours. */
	r = service->engine->supervised ? stray_watch() : 0;
	return r < 0 ? r : arena_check_open(arena);
}

int arena_open(struct service *service)
{
	size_t size = head_size() + pool_extras_size(service);
	struct arena *arena = pages_new(size);
	int r;

	if (!arena)
		return -ENOMEM;
	arena->service = service;
	arena->size = size;
	arena->wake_fd = arena->epoll_fd = arena->statm_fd = -1;
	service->arena = arena;
	pool_equip(service, &arena->conn, 0, (char *)arena + head_size());
	r = fill_in(arena);
	if (r < 0)
		arena_close(service);
	return r;
}

void arena_close(struct service *service)
{
	struct arena *arena = service->arena;

	if (!arena)
		return;
	arena_check_close(arena);
	if (arena->wake_fd >= 0)
		close(arena->wake_fd);
	for (size_t i = 0; i < arena->listener_count; i++)
		if (arena->listeners[i].fd != arena->queue_fds[i])
			close(arena->listeners[i].fd);
	pages_free(arena, arena->size);
	service->arena = NULL;
}
