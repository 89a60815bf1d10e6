/* SPDX-License-Identifier: MIT */
#include "load/schedule.h"

uint64_t schedule_due_before(const struct schedule *schedule, int64_t then_ns)
{
	uint64_t low = 0, high = 1;

	while (schedule_due_ns(schedule, high) < then_ns)
		high *= 2;
	if (schedule_due_ns(schedule, 0) >= then_ns)
		return 0;
	/* The request low is due before then, the request high is not. */
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (schedule_due_ns(schedule, middle) < then_ns)
			low = middle;
		else
			high = middle;
	}
	return high;
}
