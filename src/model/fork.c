/* SPDX-License-Identifier: MIT */
/*
 * Model fork: a process for each client. The service process keeps the accepted descriptor until the child's pidfd
 * fires, so it can shut a connection down at its deadline, and the client of a crashed child is not left
 * hanging; a child therefore ends its connection by shutdown(2), which reaches through duplicates.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/model.h"
#include "model/held.h"
#include "model/wait.h"
#include "platform/rseq.h"

static int fork_capacity(const struct model_config *config)
{
	return config->workers;
}

static int fork_room(const struct model *model)
{
	const struct held_set *set = model->state;

	return set->capacity - set->count;
}

static int fork_start(struct model *model)
{
	if (model->config.supervised)
		rseq_end();
	model->state = held_new(model, fork_capacity(&model->config));
	return model->state ? 0 : -ENOMEM;
}

static void end_life(struct brood_conn *conn, enum end_reason reason)
{
	atomic_store_explicit(&conn->slot->reason, reason, memory_order_relaxed);
	atomic_store_explicit(&conn->slot->phase, PHASE_OVER, memory_order_relaxed);
	conn_publish(conn);
}

/* After brood_fork: the worker is over only when the child it left the connection to is. Its own slot, bound and
 * kill ladder then hold for both; PDEATHSIG ends the child should the worker be killed. */
static void wait_for_heir(struct brood_conn *conn)
{
	struct pollfd fds[] = {
		{ .fd = conn->heir.pidfd, .events = POLLIN },
		{ .fd = conn->model->config.life_fd },
	};
	struct child_exit ended;

	while (child_reap(&conn->heir, &ended) == -EAGAIN)
		if (poll(fds, 2, -1) > 0 && fds[1].revents)
			return;
	/* It published its own slot in our place. */
	if (pread(conn->publish_fd, conn->slot, sizeof *conn->slot, (off_t)conn->index * SLOT_SIZE) < 0 ||
		atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) == PHASE_OVER)
		return;
	end_life(conn, ended.code == CLD_EXITED ? END_HANDLER_EXITED : END_HANDLER_CRASHED);
}

static _Noreturn void run_child(struct brood_conn *conn)
{
	const struct brood_host_ops *host = conn->model->host;
	int r = host->worker_start(conn->service);

	if (r < 0) {
		conn->slot->error = r;
		end_life(conn, END_START_FAILED);
		held_exit(EXIT_FAILURE);
	}
	host->serve(conn);
	host->worker_stop(conn->service);
	if (conn->forked)
		wait_for_heir(conn);
	held_exit(EXIT_SUCCESS);
}

static int fork_place(struct model *model, struct brood_conn *conn)
{
	/* The child's own, in a page that is copied anyhow; conn itself stays with us, where no child sees it. */
	struct brood_conn copy = *conn;
	struct slot slot;
	int r;

	copy.slot = &slot;
	copy.publish_fd = model->config.board_fd;
	r = held_spawn(model->state, conn, &copy);
	if (r == 0) {
		memset(&slot, 0, sizeof slot);
		run_child(&copy);
	}
	return r < 0 ? r : 0;
}

static int fork_fork(struct brood_conn *conn)
{
	pid_t parent = conn->pid;
	int r = child_spawn(!conn->model->config.supervised, &conn->heir);

	if (r > 0)
		conn->forked = true;
	if (r == 0) {
		conn->heir.pidfd = -1;
		if (child_die_with_parent(parent, SIGKILL) < 0)
			_exit(EXIT_FAILURE);
		conn->pid = getpid();
	}
	return r;
}

static void fork_sweep(struct model *model, int64_t now_ns)
{
	held_sweep(model->state, now_ns);
}

static void fork_kill(struct model *model)
{
	held_kill(model->state);
}

static void fork_stop(struct model *model)
{
	held_free(model->state);
	model->state = NULL;
}

const struct model_ops model_fork = {
	.name = "fork",
	.publishes = true,
	.has_control = true,
	.descriptors = 2, /* its socket and its pidfd */
	.accept_batch = 1,
	.capacity = fork_capacity,
	.room = fork_room,
	.start = fork_start,
	.place = fork_place,
	.wait = wait_poll,
	.sweep = fork_sweep,
	.fork = fork_fork,
	.kill = fork_kill,
	.stop = fork_stop,
};
