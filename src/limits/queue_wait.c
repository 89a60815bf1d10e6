/* SPDX-License-Identifier: MIT */
#include "limits/queue_wait.h"

#include "base/clock.h"

#define US_PER_MS 1000
#define DAY_MS    (24 * 3600 * 1000)

struct queue_wait queue_wait_tcp(uint32_t last_data_sent_ms)
{
	if (last_data_sent_ms > DAY_MS)
		return QUEUE_WAIT_UNKNOWN;
	return (struct queue_wait){ .us = (int64_t)last_data_sent_ms * US_PER_MS };
}

struct queue_wait queue_wait_since(int64_t empty_ns, int64_t now_ns)
{
	if (empty_ns <= 0 || now_ns < empty_ns)
		return QUEUE_WAIT_UNKNOWN;
	return (struct queue_wait){ .us = (now_ns - empty_ns) / (NS_PER_MS / US_PER_MS), .at_most = true };
}

bool queue_wait_exceeds(const struct queue_wait *wait, int timeout_ms)
{
	return timeout_ms > 0 && wait->us > (int64_t)timeout_ms * US_PER_MS;
}
