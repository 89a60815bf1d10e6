/* SPDX-License-Identifier: MIT */
#include "core/standing_host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/accept_standing.h"
#include "core/access.h"
#include "core/access_tell.h"
#include "core/arena.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "core/gate.h"
#include "core/harvest.h"
#include "core/inherit.h"
#include "core/lines.h"
#include "core/take.h"

static int enter(struct service *service, unsigned int index, int kept_fd)
{
	(void)index;
	inherit_enter_standing(service, kept_fd);
	return 0;
}

static int restore(struct service *service)
{
	return gate_restore_fds(service->arena);
}

/* A process of brood's own dies with its parent. In an embedding program the thread that forked us may end long before the
 * program does, and that is no reason: there the signal only makes us look (core/take.c). */
static int stand(struct service *service, unsigned int index, pid_t parent)
{
	int r = child_die_with_parent(parent, service->engine->supervised ? SIGKILL : GATE_SIGNAL);

	if (r < 0)
		return r;
	return service->model.ops->many ? crowd_stand(service, index, parent) : take_stand(service, index, parent);
}

static void leave_queues(const struct brood_conn *conn)
{
	gate_leave(conn->service->arena, conn->fd);
}

static int wake_fd(const struct service *service)
{
	return service->arena->wake_fd;
}

static struct standing *area(const struct service *service, unsigned int index)
{
	return board_standing(&service->board, index);
}

static void open_to_clients(struct service *service)
{
	service->arena->open = true;
}

static struct tally *tally(const struct service *service)
{
	return service->ledger->tally;
}

/* core/tell.c */
static bool is_idle_at_once(const struct service *service)
{
	return service->arena->board_fd >= 0 && !service->config.handler.start;
}

/* The ring may stay as it is: nobody reads beyond head. */
static int lend(struct service *service, unsigned int index)
{
	struct standing *standing = board_standing(&service->board, index);

	/* What one before it held is gone with it: seats, and its table of sources. */
	if (service->model.ops->many && fallocate(service->board.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
						(off_t)(index * service->board.area_size + STANDING_SIZE),
						(off_t)(service->board.area_size - STANDING_SIZE)) < 0)
		return -errno;
	memset(standing, 0, offsetof(struct standing, ring));
	memset(&standing->folded, 0, sizeof standing->folded);
	atomic_store_explicit(&standing->seat.client_fd, -1, memory_order_relaxed);
	atomic_store_explicit(&standing->started_ns, clock_now_ns(), memory_order_relaxed);
	atomic_store(&standing->state, is_idle_at_once(service) ? STANDING_IDLE : STANDING_STARTING);
	harvest_begin(service, index);
	if (access_is_wanted(service))
		access_begin_ring(service, index);
	return service->arena->board_fd >= 0 ? 0 : board_lend(&service->board, index);
}

static void all_gone(struct service *service)
{
	engine_check_over(service->engine);
}

const struct standing_host_ops standing_host_ops = {
	.enter = enter,
	.restore = restore,
	.stand = stand,
	.leave_queues = leave_queues,
	.wake_fd = wake_fd,
	.area = area,
	.tally = tally,
	.open = open_to_clients,
	.lend = lend,
	.harvest = harvest_ring,
	.flush = lines_flush,
	.gone = harvest_gone,
	.in_hand = harvest_in_hand,
	.expire = harvest_expire,
	.saturated = accept_standing_saturated,
	.anyone_waits = accept_standing_anyone_waits,
	.emptied = accept_standing_emptied,
	.all_gone = all_gone,
};
