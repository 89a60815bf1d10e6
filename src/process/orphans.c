/* SPDX-License-Identifier: MIT */
/*
 * Decides who is an orphan. Without __WALL the kernel shows only children that end with SIGCHLD: those that were
 * reparented to us, but not those of clone3 with exit_signal 0 (child.h). Where fork had to do instead, our own
 * show up too: hence a look (WNOWAIT) before each reaping.
 */
#include "process/orphans.h"

#include <sys/wait.h>

/* A crowd of orphans must not keep the loop from its signals. */
#define ORPHANS_BATCH 256

unsigned int orphans_reap(bool (*ours)(pid_t pid, void *arg), void *arg, bool *ret_more)
{
	unsigned int reaped = 0;
	siginfo_t info;

	*ret_more = false;
	while (reaped < ORPHANS_BATCH) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return reaped;
		if (ours(info.si_pid, arg)) {
			/* It hides those that ended after it; no signal will tell of them again. */
			*ret_more = true;
			return reaped;
		}
		if (waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG) < 0)
			return reaped;
		reaped++;
	}
	*ret_more = true;
	return reaped;
}
