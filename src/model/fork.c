/* SPDX-License-Identifier: MIT */
/*
 * Model fork: a process for each client. The service process keeps the accepted descriptor until the child's pidfd
 * fires, so it can shut a connection down at its deadline, and the client of a crashed child is not left
 * hanging; a child therefore ends its connection by shutdown(2), which reaches through duplicates.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/model.h"
#include "model/heir.h"
#include "model/held.h"
#include "model/wait.h"
#include "platform/rseq.h"

static int fork_capacity(const struct model_config *config)
{
	return model_places(config->workers);
}

static int fork_room(const struct model *model)
{
	const struct held_set *set = model->state;

	return model->config.workers - set->count;
}

static int fork_resize(struct model *model, int workers)
{
	const struct held_set *set = model->state;

	if (workers > set->capacity)
		return -E2BIG;
	model->config.workers = workers;
	return 0;
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
		heir_join(conn);
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
	.wait_fd = wait_poll_fd,
	.sweep = fork_sweep,
	.fork = heir_fork,
	.kill = fork_kill,
	.resize = fork_resize,
	.stop = fork_stop,
};
