/* SPDX-License-Identifier: MIT */
/*
 * Model event, seen from both sides. In the service process it is a pool of standing workers, as prefork is
 * (model/prefork.h). Each of them is an engine of its own with one service (core/crowd.h), whose model is the inner one: a
 * strand for each connection (model/strand.h).
 */
#include <errno.h>

#include "contract/conn.h"
#include "contract/model.h"
#include "model/prefork.h"
#include "model/strand.h"
#include "model/strand_aside.h"

static int event_wait(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain)
{
	(void)conn, (void)events, (void)deadline_ns, (void)watch_drain;
	return -EOPNOTSUPP; /* nobody is served in the service process */
}

const struct model_ops model_event = {
	.name = "event",
	.standing = true,
	.many = true,
	.descriptors = 3, /* a worker, its keeper, and the channel to that */
	.accept_batch = 1,
	.capacity = prefork_capacity,
	.room = prefork_room,
	.start = prefork_start,
	.place = prefork_place,
	.wait = event_wait,
	.sweep = prefork_sweep,
	.kill = prefork_kill,
	.go = prefork_go,
	.yield = prefork_yield,
	.empty = prefork_empty,
	.left = prefork_left,
	.forget = prefork_forget,
	.resize = prefork_resize,
	.stop = prefork_stop,
};

/* ---- In a worker ---- */

static int inner_capacity(const struct model_config *config)
{
	return config->max_conns;
}

static int inner_room(const struct model *model)
{
	const struct strands *strands = model->state;

	return strands->most - strands->out;
}

/* What it works with is made by core, in one piece with the connections (core/crowd.c). */
static int inner_start(struct model *model)
{
	return model->state ? 0 : -EINVAL;
}

static int inner_place(struct model *model, struct brood_conn *conn)
{
	conn->pid = model->pid;
	return strand_begin(model->state, conn);
}

/* Each strand has its own deadlines. */
static void inner_sweep(struct model *model, int64_t now_ns)
{
	(void)model, (void)now_ns;
}

static void inner_kill(struct model *model)
{
	strands_cancel(model->state);
}

static void inner_stop(struct model *model)
{
	if (model->state)
		strands_fini(model->state);
	model->state = NULL;
}

const struct model_ops model_event_inner = {
	.name = "event",
	.shares_queues = true,
	.hears_all = true,
	.descriptors = 1,
	.accept_batch = 8,
	.capacity = inner_capacity,
	.room = inner_room,
	.start = inner_start,
	.place = inner_place,
	.wait = strand_wait,
	.wait_fd = strand_aside_wait_fd,
	.offload = strand_aside_offload,
	.send_later = strand_send_later,
	.breathe = strand_breathe,
	.sweep = inner_sweep,
	.kill = inner_kill,
	.stop = inner_stop,
};
