/* SPDX-License-Identifier: MIT */
/* What a process has used, as /proc tells anybody. */
#ifndef PROCESS_USAGE_H
#define PROCESS_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	pid_t parent;
	int64_t cpu_ms; /* to a hundredth of a second; of its dead children nothing */
	uint64_t resident_bytes;
};

/* 0, or -ENOENT when there is no such process (any more), or no /proc. */
int usage_of(pid_t pid, struct usage *ret_usage);

#endif
