/* SPDX-License-Identifier: MIT */
/*
 * Decides how many standing workers are started or let go. A pool grows fast and shrinks slowly, since a client that
 * waits is worse than a process that sleeps; what fails is tried again ever more seldom, but for ever, since a pool
 * that gave up would be a service that is down. Called by model/prefork.c.
 */
#include "model/sizing.h"

#include <limits.h>

#include "base/clock.h"

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int most(int a, int b)
{
	return a > b ? a : b;
}

static int lower_bound(const struct sizing_config *config)
{
	return config->max > 0 ? config->min : config->workers;
}

static int upper_bound(const struct sizing_config *config)
{
	return config->max > 0 ? config->max : config->workers;
}

static void ask_again(struct sizing *sizing, int64_t at_ns)
{
	if (at_ns < sizing->again_ns)
		sizing->again_ns = at_ns;
}

/* Of `lack` workers, as many as this pass has left. A burst that lasts is met after a few passes; one that does not
 * costs a process or two. */
static int grow(struct sizing *sizing, int lack, int64_t now_ns)
{
	int count;

	if (now_ns >= sizing->pass_ns) {
		sizing->step = sizing->lacking ? least(sizing->step * 2, SIZING_STEP_MAX) : 1;
		sizing->step_left = sizing->step;
		sizing->pass_ns = now_ns + SIZING_PASS_MS * NS_PER_MS;
	}
	count = least(lack, sizing->step_left);
	sizing->step_left -= count;
	sizing->lacking = lack > count;
	if (sizing->lacking)
		ask_again(sizing, sizing->pass_ns);
	return count;
}

/* Too many are idle: may one go? */
static bool shrinks(struct sizing *sizing, int64_t now_ns)
{
	int64_t due_ns;

	if (sizing->ample_ns == 0)
		sizing->ample_ns = now_ns;
	due_ns = sizing->ample_ns + SIZING_AMPLE_MS * NS_PER_MS;
	if (due_ns < sizing->shrunk_ns + SIZING_SHRINK_MS * NS_PER_MS)
		due_ns = sizing->shrunk_ns + SIZING_SHRINK_MS * NS_PER_MS;
	if (now_ns < due_ns) {
		ask_again(sizing, due_ns);
		return false;
	}
	sizing->shrunk_ns = now_ns;
	ask_again(sizing, now_ns + SIZING_SHRINK_MS * NS_PER_MS);
	return true;
}

static int64_t retry_delay_ns(const struct sizing *sizing)
{
	int64_t delay_ms = SIZING_RETRY_FIRST_MS;

	for (int i = 1; i < sizing->failures && delay_ms < SIZING_RETRY_LAST_MS; i++)
		delay_ms *= 2;
	return (delay_ms < SIZING_RETRY_LAST_MS ? delay_ms : SIZING_RETRY_LAST_MS) * NS_PER_MS;
}

/* 1 if one of those that died early may be replaced now. */
static int replace(struct sizing *sizing, int64_t now_ns)
{
	if (sizing->owed == 0)
		return 0;
	if (now_ns < sizing->replace_ns) {
		ask_again(sizing, sizing->replace_ns);
		return 0;
	}
	sizing->owed--;
	sizing->replace_ns = now_ns + SIZING_REPLACE_MS * NS_PER_MS;
	if (sizing->owed > 0)
		ask_again(sizing, sizing->replace_ns);
	return 1;
}

/* Of `count` workers that could be started, as many as failures allow: while nobody succeeds, one at a time. */
static int after_failures(struct sizing *sizing, int count, int lack, int64_t now_ns)
{
	sizing->owed = least(sizing->owed, lack); /* a place that is gone is owed nobody */
	if (sizing->failures == 0)
		return most(count - sizing->owed, 0) + replace(sizing, now_ns);
	if (now_ns < sizing->retry_ns) {
		ask_again(sizing, sizing->retry_ns);
		return 0;
	}
	if (sizing->owed > 0 && !replace(sizing, now_ns))
		return 0;
	sizing->probing = true;
	sizing->retry_ns = now_ns + retry_delay_ns(sizing);
	ask_again(sizing, sizing->retry_ns);
	return 1;
}

/* There are enough. How many too many? */
static int surplus(
	struct sizing *sizing, const struct sizing_config *config, struct sizing_counts counts, int64_t now_ns)
{
	int over = counts.alive - upper_bound(config);

	sizing->lacking = false;
	sizing->owed = 0;
	if (over > 0)
		return least(over, counts.idle);
	if (counts.alive <= lower_bound(config) || counts.idle <= 2 * config->spare) {
		sizing->ample_ns = 0;
		return 0;
	}
	return shrinks(sizing, now_ns) ? 1 : 0;
}

int sizing_wanted(
	struct sizing *sizing, const struct sizing_config *config, struct sizing_counts counts, int64_t now_ns)
{
	int ready = counts.idle + counts.starting, below = lower_bound(config) - counts.alive;
	int lack = least(most(below, config->spare - ready), upper_bound(config) - counts.alive);
	int count;

	sizing->again_ns = INT64_MAX;
	if (lack <= 0)
		return -surplus(sizing, config, counts, now_ns);
	sizing->ample_ns = 0;
	/* One-shot: whoever died since the last question is batch enough. To wait for more saves nothing (measured). */
	if (config->one_shot)
		count = lack;
	else
		count = below > 0 ? below : grow(sizing, lack, now_ns);
	count = after_failures(sizing, count, lack, now_ns);
	if (count > SIZING_STEP_MAX) {
		/* The caller's loop has others to hear in between. */
		count = SIZING_STEP_MAX;
		ask_again(sizing, now_ns);
	}
	return count;
}

/* Those that fail together, started before the first of them failed, are one failure. */
static void failed(struct sizing *sizing, int64_t now_ns)
{
	if (sizing->failures > 0 && !sizing->probing)
		return;
	if (sizing->failures < INT_MAX)
		sizing->failures++;
	sizing->probing = false;
	sizing->retry_ns = now_ns + retry_delay_ns(sizing);
}

void sizing_start_failed(struct sizing *sizing, int64_t now_ns)
{
	failed(sizing, now_ns);
}

void sizing_died_early(struct sizing *sizing, int64_t now_ns)
{
	failed(sizing, now_ns);
	if (sizing->owed < INT_MAX)
		sizing->owed++;
}

void sizing_became_idle(struct sizing *sizing)
{
	sizing->failures = 0;
}

int sizing_jitter(int max_requests, uint32_t random)
{
	int64_t part = max_requests / SIZING_PART, chosen;

	if (max_requests <= 0)
		return 0;
	chosen = max_requests - part + (int64_t)((uint64_t)random * (uint64_t)(2 * part + 1) >> 32);
	return chosen < INT_MAX ? (int)chosen : INT_MAX;
}

bool sizing_may_recycle(const struct sizing *sizing, int alive, int recycling)
{
	/* An old worker is worth more than one that cannot be started. */
	return sizing->failures == 0 && recycling < most(alive / SIZING_PART, 1);
}
