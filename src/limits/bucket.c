/* SPDX-License-Identifier: MIT */
#include "limits/bucket.h"

#include "base/clock.h"

#define NS_PER_MIN (60 * NS_PER_SEC)

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* When it will be full: not before now, and no later than if it were empty. */
static int64_t clamp(const struct bucket_rate *rate, int64_t full_ns, int64_t now_ns)
{
	int64_t latest_ns = add(now_ns, rate->depth_ns);

	if (full_ns < now_ns)
		return now_ns;
	return full_ns < latest_ns ? full_ns : latest_ns;
}

struct bucket_rate bucket_rate_of(int per_min, int burst)
{
	struct bucket_rate rate = { 0 };

	if (per_min <= 0)
		return rate;
	rate.token_ns = NS_PER_MIN / per_min;
	if (__builtin_mul_overflow(rate.token_ns, (int64_t)(burst < 1 ? 1 : burst), &rate.depth_ns))
		rate.depth_ns = INT64_MAX;
	return rate;
}

bool bucket_has_token(const struct bucket_rate *rate, int64_t full_ns, int64_t now_ns)
{
	return rate->token_ns == 0 ||
	       add(clamp(rate, full_ns, now_ns), rate->token_ns) <= add(now_ns, rate->depth_ns);
}

int64_t bucket_take(const struct bucket_rate *rate, int64_t full_ns, int64_t now_ns)
{
	return clamp(rate, add(clamp(rate, full_ns, now_ns), rate->token_ns), now_ns);
}

int64_t bucket_take_late(const struct bucket_rate *rate, int64_t full_ns, int64_t at_ns, int64_t now_ns)
{
	if (at_ns > now_ns)
		at_ns = now_ns;
	if (add(at_ns, rate->depth_ns) <= now_ns)
		return clamp(rate, full_ns, now_ns);
	return clamp(rate, add(full_ns > at_ns ? full_ns : at_ns, rate->token_ns), now_ns);
}
