/* SPDX-License-Identifier: MIT */
#include "model/heir.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/model.h"

int heir_fork(struct brood_conn *conn)
{
	pid_t worker = getpid();
	int r = child_spawn(!conn->model->config.supervised, &conn->heir);

	if (r > 0)
		conn->forked = true;
	if (r == 0) {
		conn->heir.pidfd = -1;
		if (child_die_with_parent(worker, SIGKILL) < 0)
			_exit(EXIT_FAILURE);
		conn->pid = getpid();
	}
	return r;
}

static bool is_over(const struct slot *slot)
{
	return atomic_load_explicit(&slot->phase, memory_order_relaxed) == PHASE_OVER;
}

static void end_life(struct brood_conn *conn, enum end_reason reason)
{
	atomic_store_explicit(&conn->slot->reason, reason, memory_order_relaxed);
	atomic_store_explicit(&conn->slot->phase, PHASE_OVER, memory_order_relaxed);
	conn_publish(conn);
}

/* A worker's own page both can see; a slot of its own the child has published in our place. False: there is none. */
static bool see_its_slot(struct brood_conn *conn)
{
	return conn->publish_fd < 0 || pread(conn->publish_fd, conn->slot, sizeof *conn->slot, conn->publish_at) >= 0;
}

void heir_join(struct brood_conn *conn)
{
	struct pollfd fds[] = {
		{ .fd = conn->heir.pidfd, .events = POLLIN },
		{ .fd = conn->model->config.life_fd },
	};
	struct child_exit ended;

	while (child_reap(&conn->heir, &ended) == -EAGAIN) {
		if (poll(fds, 2, -1) <= 0 || !fds[1].revents)
			continue;
		/* Everything must end: with us, it does. */
		child_close(&conn->heir);
		return;
	}
	child_close(&conn->heir);
	if (see_its_slot(conn) && !is_over(conn->slot))
		end_life(conn, ended.code == CLD_EXITED ? END_HANDLER_EXITED : END_HANDLER_CRASHED);
}
