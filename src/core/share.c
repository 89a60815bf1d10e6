/* SPDX-License-Identifier: MIT */
/* One writer says on the board that somebody waits; every kind of worker reads it in its own way. */
#include "core/share.h"

#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/accept_standing.h"
#include "core/arena.h"
#include "core/deadline.h"
#include "core/engine_private.h"
#include "core/tell.h"

/* A forked child does not have the board mapped, but it has its descriptor; a standing worker has its area alone. */
static uint64_t read_waiting(const struct brood_conn *conn)
{
	const struct board *board = &conn->service->board;
	const struct arena *arena = conn->service->arena;
	off_t at = (off_t)((size_t)board->count * board->area_size + offsetof(struct tally, waiting));
	uint64_t waiting = 0;

	if (arena) {
		tell_refresh(conn->service->arena);
		return atomic_load_explicit(&arena->standing->waiting, memory_order_relaxed);
	}
	if (conn->publish_fd < 0)
		return atomic_load_explicit(&board_tally(board)->waiting, memory_order_relaxed);
	return pread(conn->publish_fd, &waiting, sizeof waiting, at) == sizeof waiting ? waiting : 0;
}

/* Who was seen to wait may have found another worker since. */
static bool somebody_waits_still(const struct service *service)
{
	const struct arena *arena = service->arena;
	struct pollfd fds[ENGINE_LISTENERS];

	if (!arena)
		return true;
	for (size_t i = 0; i < arena->listener_count; i++)
		fds[i] = (struct pollfd){ .fd = arena->queue_fds[i], .events = POLLIN };
	return poll(fds, arena->listener_count, 0) > 0;
}

bool share_was_had(const struct brood_conn *conn)
{
	return deadline_now_ns(conn) - conn->accepted_ns >= SHARE_MS * NS_PER_MS;
}

bool share_is_wanted(const struct brood_conn *conn)
{
	return read_waiting(conn) != 0 && somebody_waits_still(conn->service);
}

bool share_is_over(const struct brood_conn *conn)
{
	return share_was_had(conn) && share_is_wanted(conn);
}

void share_look_for_waiting(struct service *service)
{
	struct ledger *ledger = service->ledger;
	/* An iterative handler may serve its client in the midst of accepting: before anybody noted that there is no room. */
	bool full = ledger->accept_state == ACCEPT_FULL ||
		    (ledger->accepting && service->model.ops->room(&service->model) <= 0);
	bool waiting = full && accept_standing_anyone_waits(service);

	tally_set(&ledger->tally->waiting, waiting);
	for (unsigned int i = 0; service->arena && i < service->board.count; i++)
		atomic_store_explicit(&board_standing(&service->board, i)->waiting, waiting, memory_order_relaxed);
}
