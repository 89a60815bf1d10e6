/* SPDX-License-Identifier: MIT */
#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "contract/transport.h"
#include "core/arena_check.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "core/first_read.h"
#include "core/pool.h"
#include "core/stray.h"

_Static_assert(offsetof(struct arena, own.ring) - offsetof(struct arena, standing) <= ARENA_PAGE,
	"what a worker mostly writes is one page");

/* One whose flags we may not set (fd://) blocks or does not as somebody else likes. */
static bool accept_waits(const struct ledger *ledger)
{
	const struct listener *listener = &ledger->acceptors[0].listener;

	return !ledger->service->model.ops->many && ledger->acceptor_count == 1 && !listener->transport->datagram &&
	       !listener->shared;
}

static int duplicate(int fd, int *ret_fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return -errno;
	*ret_fd = copy;
	return 0;
}

/* Two numbers of the workers' own; for what accept may block on one that can be taken away (core/gate.h). */
static int add_listener(struct arena *arena, const struct listener *listener)
{
	size_t n = arena->listener_count;
	int r = duplicate(listener->fd, &arena->queue_fds[n]);

	if (r < 0)
		return r;
	arena->listeners[n] = *listener;
	arena->listeners[n].fd = arena->queue_fds[n];
	arena->listener_count++;
	if (listener->transport->datagram || (!arena->waits && !listener->shared))
		return 0;
	return duplicate(listener->fd, &arena->listeners[n].fd);
}

/* After a change of user the kernel lets nobody look into our children, not even us, who may have to answer for them
 * (core/reach.h). To others of the same user they are then what every process of theirs is. */
static void let_workers_be_reached(void)
{
	if (prctl(PR_GET_DUMPABLE) != 1)
		prctl(PR_SET_DUMPABLE, 1);
}

static int fill_in(struct arena *arena)
{
	struct service *service = arena->service;
	const struct ledger *ledger = service->ledger;
	int r = duplicate(service->engine->life_pipe[0], &arena->life_fd);

	if (r < 0)
		return r;
	arena->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (arena->wake_fd < 0)
		return -errno;
	/* A process for each client: mapping its area before each fork costs 13 microseconds, publishing it 1
	 * (docs/decisions/standing.md). A keeper maps it once for all its workers. */
	if (service->model.config.oneshot && !service->model.config.keeps)
		r = duplicate(service->board.fd, &arena->board_fd);
	if (r < 0)
		return r;
	arena->waits = accept_waits(ledger);
	arena->one_shot = service->model.config.oneshot;
	arena->blocks = first_read_may_block(service);
	for (size_t i = 0; i < ledger->acceptor_count && r == 0; i++)
		r = add_listener(arena, &ledger->acceptors[i].listener);
	if (r < 0)
		return r;
	gate_prepare(arena);
	service->model.config.life_fd = arena->life_fd;
	if (service->engine->supervised)
		let_workers_be_reached();
	/* Once for all of them, where the process is ours. */
	r = service->engine->supervised ? stray_watch(&arena->stray) : 0;
	return r < 0 ? r : arena_check_open(arena);
}

/* In the heap: a mapping of its own would be one more for each fork to copy. But whole pages of it, so that a worker that is made
 * new in place can leave them out. What is not zeroed is written before it is read, and stays untouched until then. */
static struct arena *new_arena(size_t extras_size)
{
	size_t pages = (extras_size + ARENA_PAGE - 1) / ARENA_PAGE;
	struct arena *arena = aligned_alloc(ARENA_PAGE, sizeof *arena + pages * ARENA_PAGE);

	if (arena)
		memset(arena, 0, offsetof(struct arena, own.ring));
	return arena;
}

int arena_open(struct service *service)
{
	const struct pool_layout layout = pool_layout(service, 1);
	struct arena *arena = new_arena(layout.size);
	int r;

	if (!arena)
		return -ENOMEM;
	arena->service = service;
	arena->life_fd = arena->wake_fd = arena->board_fd = arena->statm_fd = -1;
	service->arena = arena;
	pool_equip(service, &arena->conn, 0, &layout, (char *)(arena + 1));
	memset(arena->conn.cold, 0, sizeof *arena->conn.cold);
	r = fill_in(arena);
	if (r == 0 && service->model.ops->many)
		r = crowd_open(service);
	if (r < 0)
		arena_close(service);
	return r;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void arena_close(struct service *service)
{
	struct arena *arena = service->arena;

	if (!arena)
		return;
	arena_check_close(arena);
	crowd_close(arena);
	close_fd(arena->life_fd);
	close_fd(arena->wake_fd);
	close_fd(arena->board_fd);
	for (size_t i = 0; i < arena->listener_count; i++) {
		close(arena->queue_fds[i]);
		if (arena->listeners[i].fd != arena->queue_fds[i])
			close(arena->listeners[i].fd);
	}
	free(arena);
	service->arena = NULL;
}
