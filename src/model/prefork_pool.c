/* SPDX-License-Identifier: MIT */
/*
 * Decides when a worker of model prefork comes and when one goes: looks at the board every 20 ms while anything happens
 * there, every 250 ms while somebody is busy, else sleeps until a worker wakes it. How many there should be is arithmetic
 * (model/sizing.h).
 */
#include "model/prefork_pool.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "contract/tally.h"

#define LOOK_MS  20
#define SWEEP_MS 250

/* Whoever goes, and still has its client then, counts among those who serve: most are done before. */
#define LINGER_MS 100

/* Workers that go, and do not come to an end, while others are replaced: of the kind that count among those who serve, any
 * number, as their bound holds; of the others as many as serve. */
#define MOST_LINGERING(pool) ((pool)->owner.model->ops->many ? prefork_pool_workers(pool) : INT_MAX)

/* What was seen at one look. */
struct sight {
	bool active; /* something happened since the last one */
	int clients, idle, starting;
	int taking; /* workers that may take another client … */
	int full;   /* … and that may not */
	int lingering;
	bool moved;                /* one takes no more, of whom the kernel may have told it alone */
	int recycling;             /* or otherwise on their way out: beside those in … */
	struct sizing_counts pool; /* … who are to stay, or linger */
};

static struct tally *tally_of(const struct prefork *pool)
{
	return prefork_pool_host(pool)->tally(pool->owner.model->service);
}

static void look_at(struct prefork *pool, int64_t at_ns)
{
	loop_arm(pool->owner.model->loop, &pool->timer, at_ns);
}

void prefork_pool_look_soon(struct prefork *pool)
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

static void start_failed(struct prefork *pool, int error)
{
	struct model *model = pool->owner.model;

	pool->failed = error;
	tally_add(&tally_of(pool)->place_errors, 1);
	sizing_start_failed(&pool->sizing, model->loop->now_ns);
	model->host->log(model->service, BROOD_ERROR, CAUSE_WORKER, "cannot make a worker: %s; it is tried again",
		strerrordesc_np(-error));
}

#define RANKS_KNOWN 64

/* The lowest that nobody has who is to stay. Of more workers than that it makes no difference which has which. */
static uint32_t free_rank(const struct prefork *pool)
{
	uint64_t taken = 0;

	if (!pool->owner.model->ops->many)
		return 0;
	for (int i = 0; i < pool->used; i++) {
		const struct station *station = &pool->stations[i];

		if (!station_is_free(station) && !station->told && !station->after && station->rank < RANKS_KNOWN)
			taken |= UINT64_C(1) << station->rank;
	}
	return taken == UINT64_MAX ? (uint32_t)pool->left : (uint32_t)__builtin_ctzll(~taken);
}

/* instead: whose place it takes; or NULL. */
static struct station *start_one(struct prefork *pool, enum standing_order told, const struct station *instead)
{
	struct model *model = pool->owner.model;
	struct station *station = free_station(pool);
	int limit = sizing_jitter(model->config.max_requests, draw(pool));
	int r = -EAGAIN;

	if (station) {
		station->rank = instead ? instead->rank : free_rank(pool);
		r = station_start(station, limit, told);
	}
	if (r == 0) {
		pool->left++;
		tally_add(&tally_of(pool)->worker_starts, 1);
		return station;
	}
	start_failed(pool, r);
	return NULL;
}

void prefork_pool_start_some(struct prefork *pool, int count, enum standing_order told)
{
	for (int i = 0; i < count; i++)
		if (!start_one(pool, told, NULL))
			return;
}

/* ---- One goes ---- */

void prefork_pool_freed(struct station_owner *owner, struct station *station, int error)
{
	struct prefork *pool = container_of(owner, struct prefork, owner);
	struct model *model = owner->model;

	pool->left--;
	for (int i = 0; i < pool->used; i++)
		if (pool->stations[i].after == station)
			pool->stations[i].after = NULL;
	if (error < 0)
		start_failed(pool, error);
	else if (!station->was_idle)
		sizing_died_early(&pool->sizing, model->loop->now_ns);
	else
		sizing_became_idle(&pool->sizing);
	prefork_pool_look_soon(pool);
}

void prefork_pool_ended(struct station_owner *owner, struct station *station)
{
	struct prefork *pool = container_of(owner, struct prefork, owner);

	if (pool->state == POOL_SERVING && !station->told && !station->after && !owner->model->killed)
		start_one(pool, STANDING_STAY, station);
}

static void call_away(struct station *station, struct sight *sight)
{
	station_tell(station, STANDING_LEAVE);
	station_remind(station);
	sight->pool.alive--;
	sight->pool.idle -= station->seen_state == STANDING_IDLE;
	sight->recycling++;
}

/* What one that serves many has in its hands it finishes. */
static bool may_be_let_go(const struct prefork *pool, const struct station *station)
{
	return pool->owner.model->ops->many || station_state(station) == STANDING_IDLE;
}

static void let_go(struct prefork *pool, int count, struct sight *sight)
{
	for (int i = pool->used - 1; i >= 0 && count > 0; i--) {
		struct station *station = &pool->stations[i];

		if (station_is_free(station) || station->told || station->after || !may_be_let_go(pool, station))
			continue;
		call_away(station, sight);
		count--;
	}
}

static bool wants_to_go(const struct prefork *pool, const struct station *station)
{
	const struct standing *standing = prefork_pool_host(pool)->area(pool->owner.model->service, station->index);

	return !station->told && !station->after &&
	       atomic_load_explicit(&standing->wants_to_go, memory_order_relaxed);
}

/* One that lingers is one too many: its replacement is there. Then who wants to go needs none of its own. */
static void recycle_surplus(struct prefork *pool, struct sight *sight)
{
	for (int i = 0; i < pool->used && sight->pool.alive > prefork_pool_workers(pool); i++) {
		struct station *station = &pool->stations[i];

		if (station_is_free(station) || !wants_to_go(pool, station))
			continue;
		call_away(station, sight);
		tally_add(&tally_of(pool)->worker_recycled, 1);
	}
}

/* It works on until its replacement is idle. None is made while there is one too many: else each client that stays would
 * add a worker. */
static void recycle(struct prefork *pool, struct sight *sight)
{
	for (int i = 0; i < pool->used; i++) {
		struct station *station = &pool->stations[i];

		if (station_is_free(station) || !wants_to_go(pool, station))
			continue;
		if (sight->pool.alive > prefork_pool_workers(pool) || sight->lingering >= MOST_LINGERING(pool) ||
			!sizing_may_recycle(&pool->sizing, sight->pool.alive, sight->recycling))
			return;
		station->after = start_one(pool, STANDING_STAY, station);
		if (!station->after)
			return;
		sight->recycling++;
		tally_add(&tally_of(pool)->worker_recycled, 1);
	}
}

/* ---- Looking ---- */

void prefork_pool_be_asleep(struct prefork *pool, uint32_t asleep)
{
	if (pool->owner.asleep == asleep)
		return;
	pool->owner.asleep = asleep;
	for (int i = 0; i < pool->used; i++)
		atomic_store(&prefork_pool_area(pool, i)->asleep, asleep);
}

static void note_idle(struct prefork *pool, struct station *station, enum standing_state state)
{
	if (station->was_idle || state == STANDING_STARTING)
		return;
	station->was_idle = true;
	sizing_became_idle(&pool->sizing);
	for (int i = 0; i < pool->used; i++)
		if (pool->stations[i].after == station) {
			pool->stations[i].after = NULL;
			station_tell(&pool->stations[i], STANDING_LEAVE);
			station_remind(&pool->stations[i]);
		}
}

/* It was told to leave, and its client is no matter of a moment. */
static bool lingers(const struct prefork *pool, const struct station *station, enum standing_state state)
{
	return station->told && state == (pool->owner.model->ops->many ? STANDING_LEAVING : STANDING_BUSY) &&
	       pool->owner.model->loop->now_ns - station->told_ns >= LINGER_MS * NS_PER_MS;
}

static int clients_of(const struct prefork *pool, const struct standing *standing, enum standing_state state)
{
	const struct model *model = pool->owner.model;
	uint32_t clients = atomic_load_explicit(&standing->clients, memory_order_relaxed);

	if (!model->ops->many)
		return state == STANDING_BUSY;
	return clients < (uint32_t)model->config.max_conns ? (int)clients : model->config.max_conns;
}

static bool is_full(const struct prefork *pool, const struct standing *standing, enum standing_state state)
{
	if (!pool->owner.model->ops->many)
		return state == STANDING_BUSY;
	return atomic_load_explicit(&standing->full, memory_order_relaxed) != 0;
}

static void see(struct prefork *pool, struct station *station, struct sight *sight)
{
	struct service *service = pool->owner.model->service;
	const struct standing *standing = prefork_pool_host(pool)->area(service, station->index);
	uint64_t served = atomic_load_explicit(&standing->served, memory_order_relaxed);
	enum standing_state state = station_state(station);
	bool stays = !station->told && !station->after && (!pool->size.one_shot || state != STANDING_LEAVING);
	bool lingering = lingers(pool, station, state);
	bool many = pool->owner.model->ops->many, full = is_full(pool, standing, state);
	bool away = atomic_load_explicit(&standing->away, memory_order_relaxed) != 0;

	sight->active |= prefork_pool_host(pool)->harvest(service, station->index, station->worker.pid);
	sight->active |= state == STANDING_STARTING || state != station->seen_state || served != station->seen_served;
	sight->moved |= many && ((away && !station->seen_away) ||
					(state == STANDING_LEAVING && station->seen_state != STANDING_LEAVING));
	station->seen_state = state;
	station->seen_served = served;
	station->seen_away = away;
	note_idle(pool, station, state);
	sight->clients += clients_of(pool, standing, state);
	sight->full += full;
	sight->taking += (state == STANDING_IDLE || state == STANDING_BUSY) && !full;
	sight->idle += state == STANDING_IDLE;
	if (station->told)
		station_remind(station);
	sight->starting += state == STANDING_STARTING;
	sight->recycling += station->after || (station->told && !lingering);
	sight->lingering += lingering;
	/* The bound of one that serves many is its own. */
	sight->pool.alive += stays || (lingering && !many);
	/* Who may be let go: of those that serve many, also who is at work. */
	sight->pool.idle += stays && (state == STANDING_IDLE || (many && state == STANDING_BUSY));
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
	tally_set(&tally_of(pool)->out, (uint64_t)sight.clients);
	for (int i = 0; sight.moved && i < pool->used; i++)
		station_remind(&pool->stations[i]);
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
	bool all_busy = sight->taking + sight->starting == 0 && wanted <= 0 &&
			sight->pool.alive >= prefork_pool_workers(pool);

	if (now_ns < pool->saturation_ns)
		return;
	pool->saturation_ns = now_ns + LOOK_MS * NS_PER_MS;
	prefork_pool_host(pool)->saturated(pool->owner.model->service, all_busy);
}

static void adjust(struct prefork *pool, struct sight *sight, int64_t now_ns)
{
	int wanted;

	recycle_surplus(pool, sight);
	wanted = sizing_wanted(&pool->sizing, &pool->size, sight->pool, now_ns);
	if (wanted > 0)
		prefork_pool_start_some(pool, wanted, STANDING_STAY);
	else if (wanted < 0)
		let_go(pool, -wanted, sight);
	recycle(pool, sight);
	tell_saturation(pool, sight, wanted, now_ns);
}

/* Those who stay until the queue is empty may all have died, or served their one client. There is nothing left to grow or
 * shrink, but what cannot be started is tried ever more seldom here, too. */
static void empty(struct prefork *pool, const struct sight *sight, int64_t now_ns)
{
	const struct sizing_config size = { .workers = prefork_pool_workers(pool), .one_shot = pool->size.one_shot };
	const struct sizing_counts counts = { .alive = sight->full };
	struct model *model = pool->owner.model;

	if (!prefork_pool_host(pool)->anyone_waits(model->service)) {
		pool->state = POOL_ENDING;
		prefork_pool_host(pool)->emptied(model->service);
	} else if (sight->taking + sight->starting == 0) {
		prefork_pool_start_some(pool, sizing_wanted(&pool->sizing, &size, counts, now_ns), STANDING_EMPTY);
	}
}

static void decide(struct prefork *pool, struct sight *sight, int64_t now_ns)
{
	pool->sizing.again_ns = INT64_MAX;
	pool->failed = 0;
	if (pool->owner.model->killed)
		pool->state = POOL_ENDING;
	if (pool->state == POOL_SERVING)
		adjust(pool, sight, now_ns);
	else if (pool->state == POOL_EMPTYING)
		empty(pool, sight, now_ns);
	if (pool->left == 0 && pool->state != POOL_SERVING)
		prefork_pool_host(pool)->all_gone(pool->owner.model->service);
}

/* Whatever a worker shows from now on, it wakes us: unless it did so while we went to sleep. */
static bool go_to_sleep(struct prefork *pool)
{
	struct sight sight;

	prefork_pool_be_asleep(pool, 1);
	sight = look_around(pool);
	if (sight.active)
		prefork_pool_be_asleep(pool, 0);
	return !sight.active;
}

void prefork_pool_look(struct loop_timer *timer)
{
	struct prefork *pool = container_of(timer, struct prefork, timer);
	int64_t now_ns = pool->owner.model->loop->now_ns;
	struct sight sight = look_around(pool);
	bool is_quiet;

	/* Before anybody is forked, who would have them as well. */
	prefork_pool_host(pool)->flush(pool->owner.model->service);
	sweep(pool, now_ns);
	decide(pool, &sight, now_ns);
	is_quiet = !sight.active && !pool->failed && pool->state != POOL_EMPTYING && go_to_sleep(pool);
	prefork_pool_host(pool)->flush(pool->owner.model->service);
	if (!is_quiet)
		look_at(pool, now_ns + LOOK_MS * NS_PER_MS);
	else if (sight.clients > 0 || pool->state != POOL_SERVING)
		look_at(pool, now_ns + SWEEP_MS * NS_PER_MS);
	if (pool->sizing.again_ns != INT64_MAX && (!timer->place || pool->sizing.again_ns < timer->at_ns))
		look_at(pool, pool->sizing.again_ns);
}

void prefork_pool_woken(struct loop_source *source, uint32_t events)
{
	struct prefork *pool = container_of(source, struct prefork, wake_source);
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof count) < 0)
		return;
	prefork_pool_be_asleep(pool, 0);
	prefork_pool_look_soon(pool);
}
