/* SPDX-License-Identifier: MIT */
/*
 * Model prefork: standing workers, there before their clients are, who accept by themselves; with fresh = one-shot each
 * serves one client and is a process as if new for it. This file decides how many there are and when one goes; it looks
 * at the board every 20 ms while anything happens there, every 250 ms while somebody is busy, else it sleeps until a
 * worker wakes it. What becomes of sizes is arithmetic (model/sizing.h), one process a station (model/station.h).
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "contract/standing.h"
#include "contract/tally.h"
#include "model/heir.h"
#include "model/held.h"
#include "model/sizing.h"
#include "model/station.h"
#include "model/wait.h"
#include "platform/rseq.h"
#include "process/pages.h"

#define LOOK_MS        20
#define SWEEP_MS       250
#define LOOKS_AT_START 10 /* ms from one to the next, for whom the wake-up is not meant */

/* One that stands may be replaced by one that is not yet idle: so many more than work. */
#define MORE_PLACES(workers) (((workers) + SIZING_PART - 1) / SIZING_PART)

/* A pool may be resized to twice of what it was started with. */
#define MOST(workers) (2 * (workers))

enum pool_state {
	POOL_SERVING,
	POOL_YIELDING, /* another process has the listeners: nobody is started, all leave */
	POOL_EMPTYING, /* draining: workers serve who waits, and leave */
	POOL_ENDING,   /* nobody waits any more */
};

struct prefork {
	struct station_owner owner;
	enum pool_state state;
	struct sizing sizing;
	struct sizing_config size;
	struct loop_timer timer;
	struct loop_source wake_source;
	int64_t sweep_ns;      /* the next one */
	int64_t saturation_ns; /* when it is next asked whether all are busy */
	unsigned int sweeps;
	int capacity;
	int used; /* stations below that were ever in use */
	int left; /* workers */
	uint64_t draws;
	bool failed; /* a worker could not be made: sizing is to be asked again when */
	struct station stations[];
};

/* What was seen at one look. */
struct sight {
	bool active; /* something happened since the last one */
	int busy, idle, starting;
	int recycling;
	struct sizing_counts pool; /* of those who are to stay */
};

static const struct standing_host_ops *host_of(const struct prefork *pool)
{
	return pool->owner.model->host->standing;
}

static struct tally *tally_of(const struct prefork *pool)
{
	return host_of(pool)->tally(pool->owner.model->service);
}

static size_t pool_size(int capacity)
{
	return sizeof(struct prefork) + (size_t)capacity * sizeof(struct station);
}

static int prefork_capacity(const struct model_config *config)
{
	return MOST(config->workers) + MORE_PLACES(MOST(config->workers));
}

static int workers_of(const struct prefork *pool)
{
	return pool->size.max > 0 ? pool->size.max : pool->size.workers;
}

static int prefork_room(const struct model *model)
{
	return workers_of(model->state);
}

static void look_at(struct prefork *pool, int64_t at_ns)
{
	loop_arm(pool->owner.model->loop, &pool->timer, at_ns);
}

static void look_soon(struct prefork *pool)
{
	look_at(pool, 0);
}

/* ---- One comes ---- */

static struct station *free_station(struct prefork *pool)
{
	for (int i = 0; i < pool->used; i++)
		if (station_is_free(&pool->stations[i]))
			return &pool->stations[i];
	if (pool->used == pool->capacity)
		return NULL;
	station_init(&pool->stations[pool->used], &pool->owner, (unsigned int)pool->used);
	return &pool->stations[pool->used++];
}

/* Any number is as likely as another; nothing depends on nobody guessing it. */
static uint32_t draw(struct prefork *pool)
{
	static const struct hash_secret no_secret;
	const uint64_t seed[] = { pool->draws++, (uint64_t)pool->owner.model->pid };

	return (uint32_t)hash_bytes(&no_secret, seed, sizeof seed);
}

static struct station *start_one(struct prefork *pool, enum standing_order told)
{
	struct model *model = pool->owner.model;
	struct station *station = free_station(pool);
	int limit = sizing_jitter(model->config.max_requests, draw(pool));
	int r = station ? station_start(station, limit, told) : -EAGAIN;

	if (r == 0) {
		pool->left++;
		tally_add(&tally_of(pool)->worker_starts, 1);
		return station;
	}
	tally_add(&tally_of(pool)->place_errors, 1);
	pool->failed = true;
	sizing_start_failed(&pool->sizing, model->loop->now_ns);
	model->host->log(model->service, BROOD_ERROR, CAUSE_WORKER, "cannot make a worker: %s; it is tried again",
		strerrordesc_np(-r));
	return NULL;
}

static void start_some(struct prefork *pool, int count, enum standing_order told)
{
	for (int i = 0; i < count; i++)
		if (!start_one(pool, told))
			return;
}

/* ---- One goes ---- */

static void freed(struct station_owner *owner, struct station *station, int error)
{
	struct prefork *pool = container_of(owner, struct prefork, owner);
	struct model *model = owner->model;

	pool->left--;
	for (int i = 0; i < pool->used; i++)
		if (pool->stations[i].after == station)
			pool->stations[i].after = NULL;
	if (error < 0)
		sizing_start_failed(&pool->sizing, model->loop->now_ns);
	else if (!station->was_idle)
		sizing_died_early(&pool->sizing, model->loop->now_ns);
	else
		sizing_became_idle(&pool->sizing);
	look_soon(pool);
}

static void let_go(struct prefork *pool, int count)
{
	for (int i = pool->used - 1; i >= 0 && count > 0; i--) {
		struct station *station = &pool->stations[i];

		if (station_is_free(station) || station->told || station_state(station) != STANDING_IDLE)
			continue;
		station_tell(station, STANDING_LEAVE);
		count--;
	}
}

static bool wants_to_go(const struct prefork *pool, const struct station *station)
{
	const struct standing *standing = host_of(pool)->area(pool->owner.model->service, station->index);

	return !station->told && !station->after &&
	       atomic_load_explicit(&standing->wants_to_go, memory_order_relaxed);
}

/* It works on until its replacement is idle. */
static void recycle(struct prefork *pool, struct sight *sight)
{
	for (int i = 0; i < pool->used; i++) {
		struct station *station = &pool->stations[i];

		if (station_is_free(station) || !wants_to_go(pool, station))
			continue;
		if (!sizing_may_recycle(&pool->sizing, sight->pool.alive + sight->recycling, sight->recycling))
			return;
		station->after = start_one(pool, STANDING_STAY);
		if (!station->after)
			return;
		sight->recycling++;
		tally_add(&tally_of(pool)->worker_recycled, 1);
	}
}

/* ---- Looking ---- */

static struct standing *area_of(const struct prefork *pool, int index)
{
	return host_of(pool)->area(pool->owner.model->service, (unsigned int)index);
}

static void be_asleep(struct prefork *pool, uint32_t asleep)
{
	if (pool->owner.asleep == asleep)
		return;
	pool->owner.asleep = asleep;
	for (int i = 0; i < pool->used; i++)
		atomic_store(&area_of(pool, i)->asleep, asleep);
}

static void note_idle(struct prefork *pool, struct station *station, enum standing_state state)
{
	if (station->was_idle || state == STANDING_STARTING)
		return;
	station->was_idle = true;
	sizing_became_idle(&pool->sizing);
	for (int i = 0; i < pool->used; i++)
		if (pool->stations[i].after == station)
			station_tell(&pool->stations[i], STANDING_LEAVE);
}

static void see(struct prefork *pool, struct station *station, struct sight *sight)
{
	struct service *service = pool->owner.model->service;
	const struct standing *standing = host_of(pool)->area(service, station->index);
	uint64_t served = atomic_load_explicit(&standing->served, memory_order_relaxed);
	enum standing_state state = station_state(station);
	bool stays = !station->told && !station->after && (!pool->size.one_shot || state != STANDING_LEAVING);

	sight->active |= host_of(pool)->harvest(service, station->index, station->worker.pid);
	sight->active |= state == STANDING_STARTING || state != station->seen_state || served != station->seen_served;
	station->seen_state = state;
	station->seen_served = served;
	note_idle(pool, station, state);
	sight->busy += state == STANDING_BUSY;
	sight->idle += state == STANDING_IDLE;
	if (station->told)
		station_remind(station);
	sight->starting += state == STANDING_STARTING;
	sight->recycling += station->after != NULL;
	sight->pool.alive += stays;
	sight->pool.idle += stays && state == STANDING_IDLE;
	sight->pool.starting += stays && state == STANDING_STARTING;
}

static struct sight look_around(struct prefork *pool)
{
	struct sight sight = { 0 };

	for (int i = 0; i < pool->used; i++)
		if (!station_is_free(&pool->stations[i]))
			see(pool, &pool->stations[i], &sight);
	tally_set(&tally_of(pool)->workers, (uint64_t)pool->left);
	tally_set(&tally_of(pool)->idle, (uint64_t)sight.idle);
	tally_set(&tally_of(pool)->out, (uint64_t)sight.busy);
	return sight;
}

static void sweep(struct prefork *pool, int64_t now_ns)
{
	if (now_ns < pool->sweep_ns)
		return;
	pool->sweep_ns = now_ns + SWEEP_MS * NS_PER_MS;
	pool->sweeps++;
	for (int i = 0; i < pool->used; i++)
		if (!station_is_free(&pool->stations[i]) && station_state(&pool->stations[i]) != STANDING_IDLE)
			station_sweep(&pool->stations[i], ((unsigned int)i + pool->sweeps) % 4 == 0, now_ns);
}

/* ---- Deciding ---- */

/* In a flood all are busy and one is not, many times in each look's time: that is no news. */
static void tell_saturation(struct prefork *pool, const struct sight *sight, int wanted, int64_t now_ns)
{
	bool all_busy = sight->idle + sight->starting == 0 && wanted <= 0 && sight->pool.alive >= workers_of(pool);

	if (now_ns < pool->saturation_ns)
		return;
	pool->saturation_ns = now_ns + LOOK_MS * NS_PER_MS;
	host_of(pool)->saturated(pool->owner.model->service, all_busy);
}

static void adjust(struct prefork *pool, struct sight *sight, int64_t now_ns)
{
	int wanted = sizing_wanted(&pool->sizing, &pool->size, sight->pool, now_ns);

	if (wanted > 0)
		start_some(pool, wanted, STANDING_STAY);
	else if (wanted < 0)
		let_go(pool, -wanted);
	recycle(pool, sight);
	tell_saturation(pool, sight, wanted, now_ns);
}

/* Those who stay until the queue is empty may all have died, or served their one client. */
static void empty(struct prefork *pool, const struct sight *sight)
{
	struct model *model = pool->owner.model;

	if (!host_of(pool)->anyone_waits(model->service)) {
		pool->state = POOL_ENDING;
		host_of(pool)->emptied(model->service);
	} else if (sight->idle + sight->starting == 0) {
		start_some(pool, workers_of(pool) - sight->busy, STANDING_EMPTY);
	}
}

static void decide(struct prefork *pool, struct sight *sight, int64_t now_ns)
{
	pool->sizing.again_ns = INT64_MAX;
	pool->failed = false;
	if (pool->owner.model->killed)
		pool->state = POOL_ENDING;
	if (pool->state == POOL_SERVING)
		adjust(pool, sight, now_ns);
	else if (pool->state == POOL_EMPTYING)
		empty(pool, sight);
	if (pool->left == 0 && pool->state != POOL_SERVING)
		host_of(pool)->all_gone(pool->owner.model->service);
}

/* Whatever a worker shows from now on, it wakes us: unless it did so while we went to sleep. */
static bool go_to_sleep(struct prefork *pool)
{
	struct sight sight;

	be_asleep(pool, 1);
	sight = look_around(pool);
	if (sight.active)
		be_asleep(pool, 0);
	return !sight.active;
}

static void look(struct loop_timer *timer)
{
	struct prefork *pool = container_of(timer, struct prefork, timer);
	int64_t now_ns = pool->owner.model->loop->now_ns;
	struct sight sight = look_around(pool);
	bool is_quiet;

	/* Before anybody is forked, who would have them as well. */
	host_of(pool)->flush(pool->owner.model->service);
	sweep(pool, now_ns);
	decide(pool, &sight, now_ns);
	is_quiet = !sight.active && !pool->failed && pool->state != POOL_EMPTYING && go_to_sleep(pool);
	host_of(pool)->flush(pool->owner.model->service);
	if (!is_quiet)
		look_at(pool, now_ns + LOOK_MS * NS_PER_MS);
	else if (sight.busy > 0 || pool->state != POOL_SERVING)
		look_at(pool, now_ns + SWEEP_MS * NS_PER_MS);
	if (pool->sizing.again_ns != INT64_MAX && (!timer->place || pool->sizing.again_ns < timer->at_ns))
		look_at(pool, pool->sizing.again_ns);
}

static void woken(struct loop_source *source, uint32_t events)
{
	struct prefork *pool = container_of(source, struct prefork, wake_source);
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof count) < 0)
		return;
	be_asleep(pool, 0);
	look_soon(pool);
}

/* ---- The model ---- */

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
	struct prefork *pool = pages_new(pool_size(capacity));

	if (!pool)
		return NULL;
	*pool = (struct prefork){
		.owner = { .model = model, .keeps = model->config.keeps, .freed = freed },
		.size = size_of(&model->config),
		.timer.fire = look,
		.capacity = capacity,
	};
	pool->wake_source = (struct loop_source){ .fd = host_of(pool)->wake_fd(model->service), .ready = woken };
	if (!model->config.worker_copies || pages_leave_out_of_forks(pool, pool_size(capacity)) == 0)
		return pool;
	pages_free(pool, pool_size(capacity));
	return NULL;
}

/* A service whose workers do not even start is not ready, and an older one goes on in its place. 1: one is idle; 0: not
 * yet; -errno: one ended before. */
static int any_is_idle(struct prefork *pool)
{
	struct model *model = pool->owner.model;

	for (int i = 0; i < pool->used; i++) {
		struct station *station = &pool->stations[i];
		const struct standing *standing = host_of(pool)->area(model->service, station->index);

		if (!station_is_free(station) && station_state(station) == STANDING_IDLE)
			return 1;
		if (station_check(station) || station_is_free(station))
			return atomic_load(&standing->slot.reason) == END_START_FAILED && standing->slot.error < 0
				       ? standing->slot.error
				       : -ECHILD;
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

	be_asleep(pool, 1);
	while ((r = any_is_idle(pool)) == 0) {
		poll(fds, 2, LOOKS_AT_START);
		for (int i = 0; i < pool->used; i++)
			if (pool->stations[i].asked)
				pool->stations[i].channel_source.ready(&pool->stations[i].channel_source, EPOLLIN);
	}
	return r < 0 ? r : 0;
}

static void prefork_stop(struct model *model)
{
	struct prefork *pool = model->state;

	if (!pool)
		return;
	model->state = NULL;
	loop_disarm(model->loop, &pool->timer);
	loop_del(model->loop, &pool->wake_source);
	for (int i = 0; i < pool->used; i++)
		station_fini(&pool->stations[i]);
	pages_free(pool, pool_size(pool->capacity));
}

static int prefork_start(struct model *model)
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
		start_some(pool,
			sizing_wanted(&pool->sizing, &pool->size, (struct sizing_counts){ 0 }, model->loop->now_ns),
			STANDING_STAY);
		r = pool->left > 0 ? wait_for_first(pool) : -EAGAIN;
	}
	if (r < 0)
		prefork_stop(model);
	else
		look_soon(pool);
	return r;
}

static void prefork_go(struct model *model)
{
	struct prefork *pool = model->state;

	pool->owner.open = 1;
	host_of(pool)->open(model->service);
	for (int i = 0; i < pool->used; i++)
		atomic_store(&area_of(pool, i)->open, 1);
}

static void tell_all(struct prefork *pool, enum standing_order kind)
{
	for (int i = 0; i < pool->used; i++)
		if (!station_is_free(&pool->stations[i]) && !pool->stations[i].told)
			station_tell(&pool->stations[i], kind);
}

static void prefork_yield(struct model *model)
{
	struct prefork *pool = model->state;

	pool->state = POOL_YIELDING;
	tell_all(pool, STANDING_LEAVE);
	look_soon(pool);
}

static void prefork_empty(struct model *model, uint32_t queues)
{
	struct prefork *pool = model->state;

	pool->state = POOL_EMPTYING;
	pool->owner.queues = queues;
	tell_all(pool, STANDING_EMPTY);
	if (!host_of(pool)->anyone_waits(model->service)) {
		pool->state = POOL_ENDING;
		host_of(pool)->emptied(model->service);
	}
	look_soon(pool);
}

static int prefork_left(const struct model *model)
{
	const struct prefork *pool = model->state;

	return pool ? pool->left : 0;
}

static int prefork_resize(struct model *model, int workers)
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
	look_soon(pool);
	return 0;
}

static int prefork_place(struct model *model, struct brood_conn *conn)
{
	(void)model, (void)conn;
	return -EAGAIN;
}

/* It looks by itself. */
static void prefork_sweep(struct model *model, int64_t now_ns)
{
	(void)model, (void)now_ns;
}

static void prefork_kill(struct model *model)
{
	struct prefork *pool = model->state;

	pool->state = POOL_ENDING;
	for (int i = 0; i < pool->used; i++)
		station_kill(&pool->stations[i]);
	look_soon(pool);
}

static void prefork_forget(const struct model *model)
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
