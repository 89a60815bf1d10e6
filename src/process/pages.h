/* SPDX-License-Identifier: MIT */
/*
 * Whole pages for what only one process writes. A forked child would get them copy-on-write, and then every page that
 * its parent writes next costs the parent a fault (about a microsecond): left out of forks they cost nothing.
 */
#ifndef PROCESS_PAGES_H
#define PROCESS_PAGES_H

#include <stdbool.h>
#include <stddef.h>

void *pages_new(size_t size);              /* zeroed, page-aligned, NULL: no memory */
void *pages_new_shared(size_t size);       /* the same, and what forked children write is seen by all */
void pages_free(void *pages, size_t size); /* NULL is fine */

/* Addresses alone, which count against no limit of memory; then memory, zeroed, for what is in the given part of them. Opening
 * again what is open does nothing. 0 or -errno. */
void *pages_reserve(size_t size);
int pages_open(void *from, size_t size);
void pages_give_up(void *pages, size_t size); /* in a process that has opened none; NULL is fine */

/* From now on no child sees them: in it they are not even mapped. */
int pages_leave_out_of_forks(void *pages, size_t size);

#endif
