/* SPDX-License-Identifier: MIT */
/* How a child is ended that does not end by itself: told to first, then killed. */
#ifndef PROCESS_LADDER_H
#define PROCESS_LADDER_H

#include <stdint.h>

struct child;

/* From SIGTERM to SIGKILL. */
#define LADDER_GRACE_MS 1000

struct ladder {
	int64_t term_ns; /* when SIGTERM was sent, or 0 */
};

/* The next step that is due; to be called again and again until the child is reaped. */
void ladder_climb(struct ladder *ladder, const struct child *child, int64_t now_ns);

#endif
