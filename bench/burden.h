/* SPDX-License-Identifier: MIT */
/*
 * What makes a server heavier than an echo, the same for brood and the bare loops.
 *
 * Memory that it has touched and keeps: what its forks must copy the tables of. Of ordinary pages, wherever the kernel would
 * make huge ones by itself, and touched in no order: what a fork costs depends twofold on whether neighbours in the
 * process are neighbours in the machine, which in a heap that grew in small pieces they are not.
 *
 * Work: a number of steps, and not a time, of which several processes could each believe to have all.
 */
#ifndef BENCH_BURDEN_H
#define BENCH_BURDEN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { BURDEN_PAGE = 4096 };

#define BURDEN_PRIME UINT64_C(2654435761) /* no number of pages is a multiple of it: every page has its turn */

/* 0: there is not as much. It is never given back. */
static inline int burden_take(int megabytes)
{
	size_t size = (size_t)megabytes << 20, pages = size / BURDEN_PAGE;
	char *memory;

	if (size == 0)
		return 1;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 0;
	madvise(memory, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		memory[i * BURDEN_PRIME % pages * BURDEN_PAGE] = 1;
	return 1;
}

/* A step is about a nanosecond: each waits for the one before. */
static inline void burden_work(int kilosteps)
{
	uint64_t value = 1;

	for (long i = 0; i < kilosteps * 1000L; i++) {
		value = value * BURDEN_PRIME + 1;
		__asm__ volatile("" : "+r"(value));
	}
}

#endif
