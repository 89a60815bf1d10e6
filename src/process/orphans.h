/* SPDX-License-Identifier: MIT */
/* The one place that waits for any child: processes that lost their parent and were given to us as PID 1. */
#ifndef PROCESS_ORPHANS_H
#define PROCESS_ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

/* Reaps orphans that have ended, and stops at a child that `ours` claims: its owner reaps it, by descriptor.
 * How many; *ret_more: there may be more (behind that child, too), call again soon. Never blocks. */
unsigned int orphans_reap(bool (*ours)(pid_t pid, void *arg), void *arg, bool *ret_more);

#endif
