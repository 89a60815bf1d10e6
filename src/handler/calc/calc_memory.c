/* SPDX-License-Identifier: MIT */
/*
 * Decides what becomes of an expression that GMP finds no memory for. Invariant: every block taken inside a guard is in
 * its ring, so that leaving by longjmp leaks nothing. Blocks belong to the thread that took them.
 */
#include "calc/calc_memory.h"

#include <errno.h>
#include <gmp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

struct block {
	_Alignas(max_align_t) struct block *next;
	struct block *previous;
};

struct guard {
	struct block ring; /* of all blocks taken and not given */
	jmp_buf out;
};

static _Thread_local struct guard *current;

static void link_block(struct block *block, struct block *ring)
{
	block->next = ring;
	block->previous = ring->previous;
	block->previous->next = block->next->previous = block;
}

static void *take(size_t size)
{
	struct block *block = size <= SIZE_MAX - sizeof *block ? malloc(sizeof *block + size) : NULL;

	if (!block)
		return NULL;
	link_block(block, &current->ring);
	return block + 1;
}

void *calc_memory_take(size_t count, size_t size)
{
	struct block *block;

	if (size != 0 && count > (SIZE_MAX - sizeof *block) / size)
		return NULL;
	block = calloc(1, sizeof *block + count * size);
	if (!block)
		return NULL;
	link_block(block, &current->ring);
	return block + 1;
}

void calc_memory_give(void *memory)
{
	struct block *block = memory;

	if (!block)
		return;
	block--;
	block->previous->next = block->next;
	block->next->previous = block->previous;
	free(block);
}

static void *gmp_take(size_t size)
{
	void *memory = take(size);

	if (!memory)
		longjmp(current->out, 1);
	return memory;
}

static void *gmp_resize(void *memory, size_t old_size, size_t size)
{
	struct block *block = realloc((struct block *)memory - 1, sizeof *block + size);

	(void)old_size;
	if (!block)
		longjmp(current->out, 1);
	/* It may have moved: its neighbours still point to where it was. */
	block->previous->next = block->next->previous = block;
	return block + 1;
}

static void gmp_give(void *memory, size_t size)
{
	(void)size;
	calc_memory_give(memory);
}

static void install(void)
{
	mp_set_memory_functions(gmp_take, gmp_resize, gmp_give);
}

static void give_all(struct guard *guard)
{
	struct block *block = guard->ring.next;

	while (block != &guard->ring) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

int calc_memory_guard(int (*work)(void *arg), void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct guard guard;
	int r;

	pthread_once(&once, install);
	guard.ring.next = guard.ring.previous = &guard.ring;
	current = &guard;
	r = setjmp(guard.out) == 0 ? work(arg) : -ENOMEM;
	current = NULL;
	give_all(&guard);
	return r;
}
