/* SPDX-License-Identifier: MIT */
/* Tables of descriptors: what a child keeps and what it leaves. */
#ifndef PROCESS_DESCRIPTORS_H
#define PROCESS_DESCRIPTORS_H

#include <stddef.h>

#define DESCRIPTORS_KEPT_MAX 40

/* Close first … last (-1: all from first on) but the kept ones; negative ones among kept are ignored. At most
 * DESCRIPTORS_KEPT_MAX kept. One close_range(2) for each gap, whatever RLIMIT_NOFILE is. */
void descriptors_close_but(int first, int last, const int *kept, size_t kept_count);

/* One more than the highest open descriptor; -errno. Reads /proc/self/fd; where there is none, asks for each number up to
 * 65536. */
int descriptors_end(void);

/* Fill the holes below end, so that descriptors opened from now on are all at or above it. */
int descriptors_plug(int end);

/* Make sure that 0, 1 and 2 are open (on /dev/null if need be): nothing else may ever get those numbers. */
int descriptors_open_standard(void);

#endif
