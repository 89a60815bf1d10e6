/* SPDX-License-Identifier: MIT */
/* A pool of workers that are only counted, with a clock of the test's own. For the tests of model/sizing.h. */
#ifndef TESTS_SIZING_POOL_H
#define TESTS_SIZING_POOL_H

#include <stdint.h>

#include "base/clock.h"
#include "model/sizing.h"

#define MS(ms) ((int64_t)(ms)*NS_PER_MS)

struct pool {
	const struct sizing_config *config;
	struct sizing sizing;
	struct sizing_counts counts;
	int64_t now_ns;
};

static inline struct pool pool_of(const struct sizing_config *config, int idle, int busy)
{
	return (struct pool){ .config = config, .counts = { .alive = idle + busy, .idle = idle }, .now_ns = MS(5) };
}

static inline int wanted(struct pool *pool)
{
	return sizing_wanted(&pool->sizing, pool->config, pool->counts, pool->now_ns);
}

static inline int wanted_later(struct pool *pool, int64_t ms)
{
	pool->now_ns += MS(ms);
	return wanted(pool);
}

static inline int64_t again_ms(const struct pool *pool)
{
	return (pool->sizing.again_ns - pool->now_ns) / NS_PER_MS;
}

#endif
