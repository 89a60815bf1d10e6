/* SPDX-License-Identifier: MIT */
/*
 * The stacks of one worker's fibers: all of one size, cut from one reservation of addresses, each above a guard that
 * ends whoever runs into it. No memory is touched before a stack is used; what was used is given back when it is not
 * needed any more (stacks_trim). The last given is the first taken, as it is the one still in the caches. Not for
 * several threads.
 *
 * Mappings (vm.max_map_count): with guards that are marks in the page tables (MADV_GUARD_INSTALL, Linux 6.13) all
 * stacks together are one, at worst one for each STACKS_BLOCK of them; with guards that may not be read (mprotect)
 * each costs two.
 */
#ifndef LOOP_STACKS_H
#define LOOP_STACKS_H

#include <stdbool.h>
#include <stddef.h>

/* A frame that oversteps by less than this hits the guard, and not the next stack: compilers do not probe large
 * frames unless asked to. Costs addresses, and 128 bytes of page tables. */
#define STACKS_GUARD_BYTES ((size_t)64 * 1024)

#define STACKS_BLOCK       16 /* opened at a time, where guards are marks */
#define STACKS_TRIM_BATCH  16 /* given back in one call: 0.1 ms */

struct stack_note;

struct stacks {
	char *mapping;
	size_t mapping_size;
	struct stack_note *notes; /* begin the mapping: in the stacks they would touch them in vain */
	char *first;              /* guard of stack 0 */
	size_t guard, size;       /* of each */
	bool marks;               /* guards are marks in the page tables */
	unsigned int most, opened, taken;
	unsigned int warmest, coldest; /* free ones with memory, in the order in which they were given */
	unsigned int warm, least_warm; /* how many; and the fewest since trim last looked */
	unsigned int bare;             /* free ones without memory: not used yet, or given back */
	size_t deepest;                /* bytes, of those given back by trim */
};

/* size: usable bytes of each, rounded up to pages. 0, -EINVAL (nothing of nothing), -ENOMEM (no such range of
 * addresses). */
int stacks_init(struct stacks *stacks, size_t size, unsigned int most);

/* Also with stacks taken: they are gone then. */
void stacks_fini(struct stacks *stacks);

/* 0, or -ENOMEM: all are taken, or the kernel has no memory, or no mapping, for another. Contents are undefined. */
int stacks_take(struct stacks *stacks, unsigned int *ret_stack);
void stacks_give(struct stacks *stacks, unsigned int stack);

/* The lowest usable byte, and the first one behind the highest. */
char *stacks_bottom(const struct stacks *stacks, unsigned int stack);
char *stacks_top(const struct stacks *stacks, unsigned int stack);

/* Give memory of free stacks back to the kernel: of those that nobody needed since the last time, all but keep,
 * the coldest first. Returns how many. STACKS_TRIM_BATCH: there are more, to be done after a turn of the loop or
 * so; less: done, and what nobody needs until the next call is cold then. */
unsigned int stacks_trim(struct stacks *stacks, unsigned int keep);

/* Whether somebody who faulted at address has used up his stack. Allowed in a signal handler. */
bool stacks_is_guard(const struct stacks *stacks, const void *address);

/* Bytes that the deepest of all stacks ever had in use, in whole pages; what is swapped out does not count. Asks
 * the kernel about each stack: 3 microseconds apiece, so only when somebody wants to know. */
size_t stacks_high_water(const struct stacks *stacks);

/* How many stacks a process of this machine can have by its vm.max_map_count. UINT_MAX: no bound known. */
unsigned int stacks_machine_bound(void);

#endif
