/* SPDX-License-Identifier: MIT */
/*
 * A token bucket as one number: the time at which it will be full again. A token taken moves that time by what one token
 * needs to grow back; a bucket is empty if there is no room for one more such step. So a reader of shared memory
 * sees it whole or not at all, and it needs no clock to refill. Pure; nothing wraps around.
 */
#ifndef LIMITS_BUCKET_H
#define LIMITS_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket_rate {
	int64_t token_ns; /* until one token has grown back; 0: no bound */
	int64_t depth_ns; /* until an empty bucket is full */
};

/* per_min 0: no bound. A burst of less than one would let nobody in: it counts as one. */
struct bucket_rate bucket_rate_of(int per_min, int burst);

/* Both take any full_ns: shared memory may hold any. */
bool bucket_has_token(const struct bucket_rate *rate, int64_t full_ns, int64_t now_ns);
int64_t bucket_take(const struct bucket_rate *rate, int64_t full_ns, int64_t now_ns); /* the new full_ns */

/* Of a token that was taken at at_ns (any value; later than now is now), and is heard of only now: one that has surely grown
 * back costs nothing. */
int64_t bucket_take_late(const struct bucket_rate *rate, int64_t full_ns, int64_t at_ns, int64_t now_ns);

#endif
