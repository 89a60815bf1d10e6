/* SPDX-License-Identifier: MIT */
/*
 * Sockets of refused clients, after the last word was sent. Closing one with something unread in it sends a reset, which
 * destroys the message on its way; so the last few are kept for a moment, and what still comes is thrown away. Bounded in
 * number, time and bytes: beyond that a client may miss the reason, and nothing else.
 */
#ifndef CORE_PARK_H
#define CORE_PARK_H

#include <stddef.h>
#include <stdint.h>

#define PARK_MAX     64
#define PARK_MS      1000
#define PARK_BYTES   (256 * 1024) /* thrown away for one client */
#define PARK_LOOK_MS 50           /* how often park_look is to be called while somebody is there */

struct parked {
	int fd;
	int64_t until_ns;
	size_t bytes;
};

/* Zero is empty. */
struct park {
	unsigned int count; /* the longest there first */
	struct parked parked[PARK_MAX];
};

/* Takes fd: what it sent is thrown away; it is closed if it has ended, else parked, if need be in place of the one that was
 * there longest: in a flood everybody gets its few milliseconds. */
void park_add(struct park *park, int fd, int64_t now_ns);

/* Throws away what came, and closes who has ended or stayed too long. How many are left. */
unsigned int park_look(struct park *park, int64_t now_ns);

void park_close(struct park *park); /* all of them, at once. Idempotent */

#endif
