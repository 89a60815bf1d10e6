/* SPDX-License-Identifier: MIT */
#include "process/zone.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "process/pages.h"

static size_t whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

int zone_open(struct zone *zone, size_t size)
{
	char *start = pages_new(size);

	if (!start)
		return -ENOMEM;
	*zone = (struct zone){ .start = start, .size = size };
	return 0;
}

void zone_close(struct zone *zone)
{
	pages_free(zone->start, zone->size);
	*zone = (struct zone){ 0 };
}

static bool contains(const struct zone *zone, const char *memory)
{
	return memory >= zone->start && memory < zone->start + zone->size;
}

void *zone_take(struct zone *zone, size_t size)
{
	void *memory = zone->start + zone->used;

	if (size > zone->size - zone->used)
		return pages_new(size);
	zone->used += whole_pages(size);
	if (zone->used > zone->size)
		zone->used = zone->size;
	return memory;
}

void zone_give(const struct zone *zone, void *memory, size_t size)
{
	if (memory && !contains(zone, memory))
		pages_free(memory, size);
}

int zone_leave_out_of_forks(const struct zone *zone)
{
	return pages_leave_out_of_forks(zone->start, zone->size);
}

int zone_leave_out_too(const struct zone *zone, void *memory, size_t size)
{
	return contains(zone, memory) ? 0 : pages_leave_out_of_forks(memory, size);
}
