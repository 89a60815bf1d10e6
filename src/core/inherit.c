/* SPDX-License-Identifier: MIT */
/*
 * The table of descriptors of a supervised service process:
 *
 *   0 1 2 | brood's (log among them) … own_end) | the application's … keep_below) | brood's, from here on
 *
 * so that a child leaves everything that is brood's, siblings' connections included, by a few close_range calls.
 * An embedding program opens and closes as it likes; there a child closes what brood knows to be its own.
 */
#include "core/inherit.h"

#include <signal.h>
#include <unistd.h>

#include "contract/transport.h"
#include "core/access.h"
#include "core/arena.h"
#include "core/burden.h"
#include "core/engine_private.h"
#include "process/descriptors.h"

/* Where the table ends now; from here on new descriptors are at or above it. */
static int mark_end(const struct brood *engine, int *ret_end)
{
	int end;

	if (!engine->supervised)
		return 0;
	end = descriptors_end();
	if (end < 0)
		return end;
	*ret_end = end;
	return descriptors_plug(end);
}

int inherit_before_load(struct brood *engine)
{
	return mark_end(engine, &engine->own_end);
}

int inherit_after_load(struct brood *engine)
{
	return mark_end(engine, &engine->keep_below);
}

static void leave_supervised(const struct brood *engine, const struct brood_conn *conn)
{
	int kept[] = { engine->log->fd, conn->service->board.fd, engine->life_pipe[0], conn->fd,
		access_target(conn->service)->fd };

	descriptors_close_but(STDERR_FILENO + 1, engine->own_end - 1, kept, sizeof kept / sizeof *kept);
	descriptors_close_but(engine->keep_below, -1, kept, sizeof kept / sizeof *kept);
}

/* Descriptors that a child goes on with. */
struct kept {
	size_t count;
	int fds[DESCRIPTORS_KEPT_MAX];
};

static void close_but(int fd, const struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->fds[i] == fd)
			return;
	if (fd >= 0)
		close(fd);
}

static void leave_connections(const struct service *service, const struct kept *kept)
{
	list_each(pos, next, &service->ledger->out) {
		const struct brood_conn *conn = container_of(pos, struct brood_conn, link);

		if (!conn->transport->datagram)
			close_but(conn->fd, kept);
	}
	for (unsigned int i = 0; i < service->ledger->park.count; i++)
		close_but(service->ledger->park.parked[i].fd, kept);
}

static void leave_standing(const struct service *service, const struct kept *kept)
{
	const struct arena *arena = service->arena;

	if (!arena)
		return;
	close_but(arena->life_fd, kept);
	close_but(arena->wake_fd, kept);
	close_but(arena->board_fd, kept);
	for (size_t i = 0; i < arena->listener_count; i++) {
		if (arena->listeners[i].fd != arena->queue_fds[i])
			close_but(arena->listeners[i].fd, kept);
		close_but(arena->queue_fds[i], kept);
	}
	if (service->model_started || service->model.state)
		service->model.ops->forget(&service->model);
	close_but(service->board.fd, kept);
	close_but(service->board.read_fd, kept);
}

static void leave_embedded(const struct brood *engine, const struct kept *kept)
{
	close_but(engine->loop->epoll_fd, kept);
	close_but(engine->loop->timer_fd, kept);
	close_but(engine->wake.fd, kept);
	close_but(engine->life_pipe[1], kept);
	for (size_t i = 0; i < engine->service_count; i++) {
		const struct service *service = engine->services[i];

		for (size_t j = 0; j < service->ledger->acceptor_count; j++)
			close_but(service->ledger->acceptors[j].listener.fd, kept);
		leave_connections(service, kept);
		leave_standing(service, kept);
	}
}

void inherit_enter_standing(const struct service *service, int kept_fd)
{
	const struct brood *engine = service->engine;
	const struct arena *arena = service->arena;
	struct kept kept = { .count = 6,
		.fds = { engine->log->fd, arena->life_fd, arena->wake_fd, arena->board_fd, kept_fd,
			access_target(service)->fd } };

	for (size_t i = 0; i < arena->listener_count; i++) {
		kept.fds[kept.count++] = arena->queue_fds[i];
		kept.fds[kept.count++] = arena->listeners[i].fd;
	}
	if (!engine->supervised) {
		leave_embedded(engine, &kept);
		return;
	}
	/* In one go where the application has opened nothing: each call costs a fresh worker's client a quarter microsecond. */
	if (engine->own_end < engine->keep_below)
		descriptors_close_but(STDERR_FILENO + 1, engine->own_end - 1, kept.fds, kept.count);
	descriptors_close_but(engine->own_end < engine->keep_below ? engine->keep_below : STDERR_FILENO + 1, -1,
		kept.fds, kept.count);
}

int inherit_enter_child(struct brood_conn *conn, pid_t parent)
{
	const struct brood *engine = conn->service->engine;
	int max_memory_kib = conn->service->model.config.max_memory_kib;
	int r = max_memory_kib > 0 ? burden_limit(max_memory_kib) : 0;

	if (r < 0)
		return r;
	if (!engine->supervised) {
		leave_embedded(engine, &(struct kept){ .count = 1, .fds = { conn->fd } });
		return 0;
	}
	leave_supervised(engine, conn);
	return child_die_with_parent(parent, SIGKILL);
}
