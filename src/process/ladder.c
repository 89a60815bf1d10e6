/* SPDX-License-Identifier: MIT */
#include "process/ladder.h"

#include <signal.h>

#include "base/clock.h"
#include "process/child.h"

void ladder_climb(struct ladder *ladder, const struct child *child, int64_t now_ns)
{
	if (ladder->term_ns == 0) {
		ladder->term_ns = now_ns;
		child_signal(child, SIGTERM);
		/* A stopped process does not get to hear of a signal before it goes on. */
		child_signal(child, SIGCONT);
	} else if (now_ns - ladder->term_ns >= LADDER_GRACE_MS * NS_PER_MS) {
		child_signal(child, SIGKILL);
	}
}
