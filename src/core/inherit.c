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
	int kept[] = { engine->log->fd, conn->service->board.fd, engine->life_pipe[0], conn->fd };

	descriptors_close_but(STDERR_FILENO + 1, engine->own_end - 1, kept, sizeof kept / sizeof *kept);
	descriptors_close_but(engine->keep_below, -1, kept, sizeof kept / sizeof *kept);
}

static void close_but(int fd, int kept)
{
	if (fd >= 0 && fd != kept)
		close(fd);
}

static void leave_embedded(const struct brood *engine, const struct brood_conn *conn)
{
	close_but(engine->loop->epoll_fd, conn->fd);
	close_but(engine->loop->timer_fd, conn->fd);
	close_but(engine->wake.fd, conn->fd);
	close_but(engine->life_pipe[1], conn->fd);
	for (size_t i = 0; i < engine->service_count; i++) {
		const struct service *service = engine->services[i];

		for (size_t j = 0; j < service->ledger->acceptor_count; j++)
			close_but(service->ledger->acceptors[j].listener.fd, conn->fd);
		list_each(pos, next, &service->ledger->out) {
			const struct brood_conn *sibling = container_of(pos, struct brood_conn, link);

			if (sibling != conn && !sibling->transport->datagram)
				close_but(sibling->fd, conn->fd);
		}
	}
}

int inherit_enter_child(struct brood_conn *conn, pid_t parent)
{
	const struct brood *engine = conn->service->engine;

	if (!engine->supervised) {
		leave_embedded(engine, conn);
		return 0;
	}
	leave_supervised(engine, conn);
	return child_die_with_parent(parent, SIGKILL);
}
