/* SPDX-License-Identifier: MIT */
/*
 * In a standing worker: whether its handler called fork(3). A child that returns from the handler must not go on as if it
 * were the worker, and one that lives on holds the client's socket, so that closing ours does not end the connection. Told by
 * libc at each fork, so those who do not fork pay nothing, where asking for our pid costs a quarter of a microsecond.
 */
#ifndef CORE_STRAY_H
#define CORE_STRAY_H

#include <stdbool.h>

struct stray {
	_Atomic bool was_forked; /* since stray_begin; a thread of offload's may fork, too */
	bool is_child;           /* this is the child of such a fork */
};

/* From now on it is written here: in the worker, or once in the parent of all of them. 0 or -errno. */
int stray_watch(struct stray *stray);

/* A new client, whose socket nobody else has; or the child of brood_fork: we are who we should be. */
static inline void stray_begin(struct stray *stray)
{
	*stray = (struct stray){ 0 };
}

#endif
