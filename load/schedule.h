/* SPDX-License-Identifier: MIT */
/*
 * When each request of an open loop is due: at an even rate, whatever the server does. Pure. Several processes
 * share a rate: each has every so-manyth request, so that together they are as even as one.
 */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include <stdint.h>

#include "base/clock.h"

struct schedule {
	int64_t start_ns;
	uint64_t rate; /* per second, of all processes together; not 0 */
	uint64_t processes, process;
};

/* Of the number-th request (from 0) of this process. Whole seconds apart, so that no product overflows. */
static inline int64_t schedule_due_ns(const struct schedule *schedule, uint64_t number)
{
	uint64_t of_all = number * schedule->processes + schedule->process;
	uint64_t rest = of_all % schedule->rate;

	return schedule->start_ns + (int64_t)(of_all / schedule->rate) * NS_PER_SEC +
	       (int64_t)(rest * (uint64_t)NS_PER_SEC / schedule->rate);
}

/* How many requests of this process are due before then. */
uint64_t schedule_due_before(const struct schedule *schedule, int64_t then_ns);

#endif
