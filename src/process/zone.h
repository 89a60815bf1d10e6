/* SPDX-License-Identifier: MIT */
/*
 * One mapping for all that only one process writes (process/pages.h): each mapping that is left out of forks costs each fork
 * about a microsecond, however small it is. Memory in it is freed with it.
 */
#ifndef PROCESS_ZONE_H
#define PROCESS_ZONE_H

#include <stddef.h>

struct zone {
	char *start;
	size_t size, used;
};

int zone_open(struct zone *zone, size_t size); /* 0 or -ENOMEM */
void zone_close(struct zone *zone);            /* idempotent, and for one that was never opened */

/* Zeroed, whole pages. Where there is no room left they are a mapping of their own. NULL: no memory. */
void *zone_take(struct zone *zone, size_t size);
void zone_give(const struct zone *zone, void *memory, size_t size); /* of their own: now; NULL is fine */

/* From now on no child sees the zone. */
int zone_leave_out_of_forks(const struct zone *zone);

/* The same for memory of its own; in the zone it shares the zone's fate. */
int zone_leave_out_too(const struct zone *zone, void *memory, size_t size);

#endif
