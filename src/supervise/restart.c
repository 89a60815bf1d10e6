/* SPDX-License-Identifier: MIT */
/*
 * Decides when a dead service is started again. A service that never worked gives up soon, because somebody is
 * looking at the terminal; one that worked once never gives up, because nobody may be. Called by death.c.
 */
#include "supervise/restart.h"

#include "base/clock.h"

void restart_started(struct restart *restart, int64_t now_ns)
{
	restart->started_ns = now_ns;
}

void restart_ready(struct restart *restart)
{
	/* What was counted on the way to the first READY says nothing about the service that now works. */
	if (!restart->was_ready)
		restart->deaths = 0;
	restart->was_ready = true;
}

static int64_t doubled(int64_t first_ms, int64_t last_ms, unsigned int times)
{
	int64_t ms = first_ms;

	while (times-- > 0 && ms < last_ms)
		ms *= 2;
	return ms < last_ms ? ms : last_ms;
}

bool restart_died(struct restart *restart, bool replaced, int64_t now_ns, int64_t *ret_at_ns)
{
	int64_t lived_ms = (now_ns - restart->started_ns) / NS_PER_MS;
	int64_t delay_ms;

	if (replaced && restart->was_ready && lived_ms >= RESTART_REPLACED_MS) {
		*ret_at_ns = now_ns;
		return true;
	}
	if (restart->was_ready && lived_ms >= RESTART_FORGIVEN_MS)
		restart->deaths = 0;
	if (restart->deaths < UINT32_MAX)
		restart->deaths++;
	if (!restart->was_ready && restart->deaths >= RESTART_TRIES)
		return false;

	if (restart->was_ready)
		delay_ms = doubled(RESTART_READY_FIRST_MS, RESTART_READY_LAST_MS, restart->deaths - 1);
	else
		delay_ms = doubled(RESTART_FIRST_MS, INT32_MAX, restart->deaths - 1);
	*ret_at_ns = now_ns + delay_ms * NS_PER_MS;
	return true;
}

bool restart_may_start(int64_t *next_ns, int64_t now_ns)
{
	if (now_ns < *next_ns)
		return false;
	*next_ns = now_ns + RESTART_SPACING_MS * NS_PER_MS;
	return true;
}
