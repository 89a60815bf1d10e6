/* SPDX-License-Identifier: MIT */
#include "load/room.h"

#include <limits.h>
#include <sys/resource.h>

int room_make(int descriptors)
{
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return descriptors;
	wanted = limit;
	if (wanted.rlim_cur < (rlim_t)descriptors)
		wanted.rlim_cur = wanted.rlim_max < (rlim_t)descriptors ? wanted.rlim_max : (rlim_t)descriptors;
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		limit = wanted;
	/* Whoever may raise the hard limit is root, and meant what was asked for. */
	if (limit.rlim_max < (rlim_t)descriptors) {
		wanted.rlim_cur = wanted.rlim_max = (rlim_t)descriptors;
		if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
			limit = wanted;
	}
	return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}
