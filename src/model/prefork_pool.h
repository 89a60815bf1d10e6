/* SPDX-License-Identifier: MIT */
/*
 * The pool of model prefork in the service process: what it sees on the board, and what it makes of it. Private to
 * model/prefork.c and model/prefork_pool.c. Children do not see it (process/zone.h).
 */
#ifndef MODEL_PREFORK_POOL_H
#define MODEL_PREFORK_POOL_H

#include "contract/model.h"
#include "contract/standing.h"
#include "contract/standing_host.h"
#include "loop/loop.h"
#include "model/sizing.h"
#include "model/station.h"

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
	int failed; /* why a worker could not be made, or 0: sizing is to be asked again when */
	struct station stations[];
};

static inline const struct standing_host_ops *prefork_pool_host(const struct prefork *pool)
{
	return pool->owner.model->host->standing;
}

static inline struct standing *prefork_pool_area(const struct prefork *pool, int index)
{
	return prefork_pool_host(pool)->area(pool->owner.model->service, (unsigned int)index);
}

/* How many work, at most. */
static inline int prefork_pool_workers(const struct prefork *pool)
{
	return pool->size.max > 0 ? pool->size.max : pool->size.workers;
}

void prefork_pool_start_some(struct prefork *pool, int count, enum standing_order told);

/* For station_owner: a worker is gone. */
void prefork_pool_freed(struct station_owner *owner, struct station *station, int error);

/* The same, before its clients are told of: somebody else is to serve those who come meanwhile. */
void prefork_pool_ended(struct station_owner *owner, struct station *station);

/* A word on the board says whether workers are to wake us. */
void prefork_pool_be_asleep(struct prefork *pool, uint32_t asleep);

/* The timer's and the wake-up's: look at the board, and do what is to be done. */
void prefork_pool_look(struct loop_timer *timer);
void prefork_pool_woken(struct loop_source *source, uint32_t events);
void prefork_pool_look_soon(struct prefork *pool);

#endif
