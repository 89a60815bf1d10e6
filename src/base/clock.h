/* SPDX-License-Identifier: MIT */
/* Monotonic time in nanoseconds: the only clock that decides anything here. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_US  INT64_C(1000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

static inline int64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* For poll(2) and epoll_wait(2): whole milliseconds until then, rounded up so as not to wake early and
 * spin; -1 for INT64_MAX. */
static inline int clock_ms_until(int64_t then_ns, int64_t now_ns)
{
	int64_t ms;

	if (then_ns == INT64_MAX)
		return -1;
	if (then_ns <= now_ns)
		return 0;
	ms = (then_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

#endif
