/* SPDX-License-Identifier: MIT */
#include "limits/penalty.h"

#include "base/clock.h"

static bool is_crash(enum end_reason reason)
{
	return reason == END_HANDLER_CRASHED || reason == END_STACK_OVERFLOW || reason == END_WORKER_KILLED ||
	       reason == END_WORKER_STUCK;
}

static bool is_timeout(enum end_reason reason)
{
	switch (reason) {
	case END_FIRST_BYTE_TIMEOUT:
	case END_IDLE_TIMEOUT:
	case END_WRITE_TIMEOUT:
	case END_REQUEST_TIMEOUT:
	case END_TOTAL_TIMEOUT:
	case END_WRITTEN_OFF:
	case END_TOO_SLOW:
		return true;
	default:
		return false;
	}
}

/* BROOD_OFF is less than nothing. */
static int64_t at_least_0(int ms)
{
	return ms > 0 ? ms : 0;
}

int64_t penalty_ms(const struct penalty_config *config, enum end_reason reason, bool blamed)
{
	int64_t ms = blamed ? at_least_0(config->blame_ms) : 0;

	if (is_crash(reason))
		ms += at_least_0(config->crash_ms);
	if (is_timeout(reason))
		ms += at_least_0(config->timeout_ms);
	return ms;
}

void penalty_add(const struct penalty_config *config, struct penalty *penalty, int64_t ms, int64_t now_ns)
{
	int64_t max_ns = (config->max_ms > 0 ? config->max_ms : PENALTY_MAX_MS) * NS_PER_MS;
	int64_t min_ns = PENALTY_MIN_MS * NS_PER_MS;
	int64_t left_ns = penalty->offences_until_ns > now_ns ? penalty->offences_until_ns - now_ns : 0;

	if (ms <= 0)
		return;
	left_ns += ms < max_ns / NS_PER_MS ? ms * NS_PER_MS : max_ns;
	if (left_ns > max_ns)
		left_ns = max_ns;
	penalty->offences_until_ns = now_ns + left_ns;
	if (left_ns >= (min_ns < max_ns ? min_ns : max_ns) || penalty_holds(penalty->refused_until_ns, now_ns))
		penalty->refused_until_ns = penalty->offences_until_ns;
}
