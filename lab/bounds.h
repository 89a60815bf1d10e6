/* SPDX-License-Identifier: MIT */
/* What a server runs under: its limits and its user. Read from the faulty server, given to brood. */
#ifndef LAB_BOUNDS_H
#define LAB_BOUNDS_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct bounds {
	bool known; /* false: those of the runner */
	struct rlimit descriptors, processes;
	uid_t user; /* 0: the runner's */
};

/* Of the server that runs, at this moment: the tightest of its processes. */
void bounds_find(struct bounds *ret_bounds);

/* In a child that is to become a server: 0 or -errno. Nothing if they are not known. */
int bounds_set(const struct bounds *bounds);

#endif
