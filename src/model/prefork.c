/* SPDX-License-Identifier: MIT */
/*
 * Model prefork: standing workers, there before their clients are, who accept by themselves; with fresh = one-shot each
 * serves one client and is a process as if new for it. How many there are and when one goes is decided in
 * model/prefork_pool.c; one process is a station (model/station.h).
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/model.h"
#include "model/heir.h"
#include "model/held.h"
#include "model/prefork.h"
#include "model/prefork_pool.h"
#include "model/wait.h"
#include "platform/rseq.h"
#include "process/zone.h"

#define LOOKS_AT_START 10 /* ms from one to the next, for whom the wake-up is not meant */

/* One that goes stays until its replacement is idle, and then for the rest of its client: so many more than work. */
#define MORE_PLACES(workers) (((workers) + SIZING_PART - 1) / SIZING_PART)

/* A pool may be resized to twice of what it was started with. */
#define MOST(workers) (2 * (workers))

static size_t pool_size(int capacity)
{
	return sizeof(struct prefork) + (size_t)capacity * sizeof(struct station);
}

int prefork_capacity(const struct model_config *config)
{
	return MOST(config->workers) + MORE_PLACES(MOST(config->workers));
}

int prefork_room(const struct model *model)
{
	return prefork_pool_workers(model->state);
}

static struct sizing_config size_of(const struct model_config *config)
{
	bool breathes = config->workers_min != config->workers_max;

	return (struct sizing_config){
		.workers = config->workers,
		.min = breathes ? config->workers_min : 0,
		.max = breathes ? config->workers_max : 0,
		.spare = config->workers_spare,
		.one_shot = config->oneshot,
	};
}

static struct prefork *pool_new(struct model *model)
{
	int capacity = prefork_capacity(&model->config);
	struct prefork *pool = zone_take(model->zone, pool_size(capacity));

	if (!pool)
		return NULL;
	*pool = (struct prefork){
		.owner = { .model = model,
			.keeps = model->config.keeps,
			.workers = (uint32_t)model->config.workers,
			.freed = prefork_pool_freed,
			.ended = prefork_pool_ended },
		.size = size_of(&model->config),
		.timer.fire = prefork_pool_look,
		.capacity = capacity,
	};
	pool->wake_source = (struct loop_source){ .fd = prefork_pool_host(pool)->wake_fd(model->service),
		.ready = prefork_pool_woken };
	if (!model->config.worker_copies || zone_leave_out_too(model->zone, pool, pool_size(capacity)) == 0)
		return pool;
	zone_give(model->zone, pool, pool_size(capacity));
	return NULL;
}

static int why_it_ended(const struct prefork *pool, const struct standing *standing)
{
	int error = standing->seat.slot.error;

	if (atomic_load(&standing->seat.slot.reason) == END_START_FAILED && error < 0)
		return error;
	return pool->failed < 0 ? pool->failed : -ECHILD;
}

/* A service whose workers do not even start is not ready, and an older one goes on in its place. 1: one is idle; 0: not
 * yet; -errno: one ended before. */
static int any_is_idle(struct prefork *pool)
{
	struct model *model = pool->owner.model;

	for (int i = 0; i < pool->used; i++) {
		struct station *station = &pool->stations[i];
		const struct standing *standing = prefork_pool_host(pool)->area(model->service, station->index);

		if (!station_is_free(station) && station_state(station) == STANDING_IDLE)
			return 1;
		if (station_check(station) || station_is_free(station))
			return why_it_ended(pool, standing);
	}
	return 0;
}

static int wait_for_first(struct prefork *pool)
{
	struct pollfd fds[] = {
		{ .fd = pool->wake_source.fd, .events = POLLIN },
		{ .fd = pool->stations[0].keeper.channel, .events = POLLIN },
	};
	int r;

	prefork_pool_be_asleep(pool, 1);
	while ((r = any_is_idle(pool)) == 0) {
		poll(fds, 2, LOOKS_AT_START);
		for (int i = 0; i < pool->used; i++)
			if (pool->stations[i].asked)
				pool->stations[i].channel_source.ready(&pool->stations[i].channel_source, EPOLLIN);
	}
	return r < 0 ? r : 0;
}

void prefork_stop(struct model *model)
{
	struct prefork *pool = model->state;

	if (!pool)
		return;
	model->state = NULL;
	loop_disarm(model->loop, &pool->timer);
	loop_del(model->loop, &pool->wake_source);
	for (int i = 0; i < pool->used; i++)
		station_fini(&pool->stations[i]);
	zone_give(model->zone, pool, pool_size(pool->capacity));
}

int prefork_start(struct model *model)
{
	struct prefork *pool;
	int r;

	if (model->config.supervised) {
		rseq_end();
		held_catch_exit(model);
	}
	pool = pool_new(model);
	if (!pool)
		return -ENOMEM;
	model->state = pool;
	/* What engine_resize may ask for (model_ops.resize). */
	model->config.workers = MOST(model->config.workers);
	r = loop_add(model->loop, &pool->wake_source, EPOLLIN);
	if (r == 0) {
		prefork_pool_start_some(pool,
			sizing_wanted(&pool->sizing, &pool->size, (struct sizing_counts){ 0 }, model->loop->now_ns),
			STANDING_STAY);
		r = pool->left > 0 ? wait_for_first(pool) : -EAGAIN;
	}
	if (r < 0)
		prefork_stop(model);
	else
		prefork_pool_look_soon(pool);
	return r;
}

void prefork_go(struct model *model)
{
	struct prefork *pool = model->state;

	pool->owner.open = 1;
	prefork_pool_host(pool)->open(model->service);
	for (int i = 0; i < pool->used; i++)
		atomic_store(&prefork_pool_area(pool, i)->open, 1);
}

/* Everybody has the word before anybody is called: the first who finds the queue empty shuts it down, and the others shall
 * know what that means. */
static void tell_all(struct prefork *pool, enum standing_order kind)
{
	for (int i = 0; i < pool->used; i++)
		if (!station_is_free(&pool->stations[i]) && !pool->stations[i].told)
			station_tell(&pool->stations[i], kind);
	for (int i = 0; i < pool->used; i++)
		station_remind(&pool->stations[i]);
}

void prefork_yield(struct model *model)
{
	struct prefork *pool = model->state;

	pool->state = POOL_YIELDING;
	tell_all(pool, STANDING_LEAVE);
	prefork_pool_look_soon(pool);
}

void prefork_empty(struct model *model, uint32_t queues)
{
	struct prefork *pool = model->state;

	pool->state = POOL_EMPTYING;
	pool->owner.queues = queues;
	tell_all(pool, STANDING_EMPTY);
	if (!prefork_pool_host(pool)->anyone_waits(model->service)) {
		pool->state = POOL_ENDING;
		prefork_pool_host(pool)->emptied(model->service);
	}
	prefork_pool_look_soon(pool);
}

int prefork_left(const struct model *model)
{
	const struct prefork *pool = model->state;

	return pool ? pool->left : 0;
}

int prefork_resize(struct model *model, int workers)
{
	struct prefork *pool = model->state;

	if (workers > model->config.workers)
		return -E2BIG;
	if (pool->size.max > 0)
		pool->size.max = workers;
	else
		pool->size.workers = workers;
	if (pool->size.min > workers)
		pool->size.min = workers;
	pool->owner.workers = (uint32_t)workers;
	for (int i = 0; i < pool->used; i++)
		atomic_store(&prefork_pool_area(pool, i)->workers, pool->owner.workers);
	prefork_pool_look_soon(pool);
	return 0;
}

int prefork_place(struct model *model, struct brood_conn *conn)
{
	(void)model, (void)conn;
	return -EAGAIN;
}

/* It looks by itself. */
void prefork_sweep(struct model *model, int64_t now_ns)
{
	(void)model, (void)now_ns;
}

void prefork_kill(struct model *model)
{
	struct prefork *pool = model->state;

	pool->state = POOL_ENDING;
	for (int i = 0; i < pool->used; i++)
		station_kill(&pool->stations[i]);
	prefork_pool_look_soon(pool);
}

void prefork_forget(const struct model *model)
{
	struct prefork *pool = model->state;

	for (int i = 0; pool && i < pool->used; i++)
		station_forget(&pool->stations[i]);
}

static int prefork_fork(struct brood_conn *conn)
{
	int r = heir_fork(conn);

	if (r == 0)
		conn->model->host->standing->leave_queues(conn);
	return r;
}

const struct model_ops model_prefork = {
	.name = "prefork",
	.standing = true,
	.has_control = true,
	.descriptors = 3, /* a worker, its keeper, and the channel to that */
	.accept_batch = 1,
	.capacity = prefork_capacity,
	.room = prefork_room,
	.start = prefork_start,
	.place = prefork_place,
	.wait = wait_poll,
	.wait_fd = wait_poll_fd,
	.sweep = prefork_sweep,
	.fork = prefork_fork,
	.join = heir_join,
	.kill = prefork_kill,
	.go = prefork_go,
	.yield = prefork_yield,
	.empty = prefork_empty,
	.left = prefork_left,
	.forget = prefork_forget,
	.resize = prefork_resize,
	.stop = prefork_stop,
};
