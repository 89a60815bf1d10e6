/* SPDX-License-Identifier: MIT */
/* To be preloaded: a wall clock that is an hour fast in one half of each second, and an hour slow in the other. */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600

static void read_clock(clockid_t clock, struct timespec *now)
{
	syscall(SYS_clock_gettime, clock, now);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	struct timespec steady;

	read_clock(clock, now);
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
		return 0;
	read_clock(CLOCK_MONOTONIC, &steady);
	now->tv_sec += steady.tv_nsec < 500000000 ? HOUR : -HOUR;
	return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec time;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &time);
	now->tv_sec = time.tv_sec;
	now->tv_usec = time.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *now)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	if (now)
		*now = time.tv_sec;
	return time.tv_sec;
}
