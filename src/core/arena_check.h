/* SPDX-License-Identifier: MIT */
/*
 * What a standing worker holds when it waits for its next client must be what it held when it waited for its first:
 * descriptors, threads, mappings, blocked signals. Else it grows with its clients, and can never be made new in place. Only
 * looked at where BROOD_CHECK_ARENA is set in the environment (the contract suite; anybody who writes a handler): it
 * reads /proc for each client.
 */
#ifndef CORE_ARENA_CHECK_H
#define CORE_ARENA_CHECK_H

struct arena;

int arena_check_open(struct arena *arena); /* in the service process: whether it is wanted. 0 or -errno */
void arena_check_close(struct arena *arena);

/* In a worker, before each wait: the first time remembers, later ones tell by an error line what is new, once each. */
void arena_check(struct arena *arena);

#endif
