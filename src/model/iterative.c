/* SPDX-License-Identifier: MIT */
/*
 * Model iterative: one client after another, in the service process. A handler that waits turns the engine's loop
 * meanwhile, so that timers, signals and the supervisor are heard; the listeners are out of the loop then (no room).
 * A handler may leave its connection to a child (brood_fork) and so free the way for the next client.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "model/held.h"
#include "model/wait.h"

/* One in the handler's hands, the others left to children. */
static int iterative_capacity(const struct model_config *config)
{
	return 1 + config->workers;
}

static int iterative_room(const struct model *model)
{
	return model->serving ? 0 : 1;
}

static int iterative_start(struct model *model)
{
	struct held_set *set = held_new(model, iterative_capacity(&model->config));
	int r;

	if (!set)
		return -ENOMEM;
	r = model->host->worker_start(model->service);
	if (r < 0) {
		held_free(set);
		return r;
	}
	model->state = set;
	return 0;
}

static int iterative_place(struct model *model, struct brood_conn *conn)
{
	conn->pid = model->pid;
	model->serving = true;
	model->host->serve(conn);
	model->serving = false;
	if (conn->child)
		held_exit(EXIT_SUCCESS);
	if (!conn->forked)
		model->host->ended(conn, END_NONE, NULL);
	return 0;
}

/* What of own is ready, or as wait. */
static int turn_until(struct model *model, struct pollfd own, int64_t deadline_ns, bool watch_drain)
{
	struct pollfd fds[] = { own, { .fd = model->loop->epoll_fd, .events = POLLIN } };

	for (;;) {
		int timeout_ms = loop_timeout_ms(model->loop, clock_ms_until(deadline_ns, clock_now_ns()));
		int n = poll(fds, 2, timeout_ms);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 || fds[1].revents) {
			int r = loop_turn(model->loop, 0);

			if (r < 0)
				return r;
		}
		if (model->killed)
			return -ECANCELED;
		if (n > 0 && fds[0].revents)
			return fds[0].revents;
		if (model->draining && watch_drain)
			return -ESHUTDOWN;
		if (clock_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

static int iterative_wait(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain)
{
	const struct pollfd own = { .fd = events ? conn->fd : -1, .events = events };
	int r;

	if (conn->child)
		return wait_poll(conn, events, deadline_ns, watch_drain);
	r = turn_until(conn->model, own, deadline_ns, watch_drain);
	return r < 0 ? r : 0;
}

static int iterative_wait_fd(struct brood_conn *conn, int fd, short events, int64_t deadline_ns)
{
	int r;

	if (conn->child)
		return wait_poll_fd(conn, fd, events, deadline_ns);
	r = turn_until(conn->model, (struct pollfd){ .fd = fd, .events = events }, deadline_ns, false);
	return r < 0 ? r : wait_seen((short)r);
}

/* A client that always has a request on the line never lets its handler wait: timers and the supervisor are heard all the
 * same. What is killed meanwhile learns it from its next wait. */
static void iterative_breathe(struct brood_conn *conn)
{
	if (!conn->child)
		loop_turn(conn->model->loop, 0);
}

static int iterative_fork(struct brood_conn *conn)
{
	struct held_set *set = conn->model->state;
	int r;

	/* Its loop is not ours any more, and its own children nobody's. */
	if (conn->child)
		return -EOPNOTSUPP;
	if (set->count >= conn->model->config.workers)
		return -EAGAIN;
	r = held_spawn(set, conn, conn);
	if (r > 0) {
		conn->forked = true;
		atomic_store_explicit(&conn->slot->forked, 1, memory_order_relaxed);
	}
	return r;
}

static void iterative_sweep(struct model *model, int64_t now_ns)
{
	held_sweep(model->state, now_ns);
}

/* The one being served learns it from wait. */
static void iterative_kill(struct model *model)
{
	held_kill(model->state);
}

static void iterative_stop(struct model *model)
{
	if (!model->state)
		return;
	model->host->worker_stop(model->service);
	held_free(model->state);
	model->state = NULL;
}

const struct model_ops model_iterative = {
	.name = "iterative",
	.has_control = true,
	.descriptors = 1,
	.accept_batch = 16,
	.capacity = iterative_capacity,
	.room = iterative_room,
	.start = iterative_start,
	.place = iterative_place,
	.wait = iterative_wait,
	.wait_fd = iterative_wait_fd,
	.breathe = iterative_breathe,
	.sweep = iterative_sweep,
	.fork = iterative_fork,
	.kill = iterative_kill,
	.stop = iterative_stop,
};
