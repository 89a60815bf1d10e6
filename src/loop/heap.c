/* SPDX-License-Identifier: MIT */
#include "loop/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void put(struct loop *loop, struct loop_timer *timer, size_t place)
{
	loop->heap[place] = timer;
	timer->place = place;
}

static void sift_up(struct loop *loop, struct loop_timer *timer, size_t place)
{
	for (; place > 1 && loop->heap[place / 2]->at_ns > timer->at_ns; place /= 2)
		put(loop, loop->heap[place / 2], place);
	put(loop, timer, place);
}

static void sift_down(struct loop *loop, struct loop_timer *timer, size_t place)
{
	size_t child;

	while ((child = 2 * place) <= loop->heap_size) {
		if (child < loop->heap_size && loop->heap[child + 1]->at_ns < loop->heap[child]->at_ns)
			child++;
		if (loop->heap[child]->at_ns >= timer->at_ns)
			break;
		put(loop, loop->heap[child], place);
		place = child;
	}
	put(loop, timer, place);
}

struct loop_timer *heap_first(const struct loop *loop)
{
	return loop->heap_size ? loop->heap[1] : NULL;
}

static int grow(struct loop *loop, size_t capacity)
{
	struct loop_timer **heap = calloc(capacity, sizeof(struct loop_timer *));

	if (!heap)
		return -ENOMEM;
	memcpy(heap, loop->heap, loop->heap_capacity * sizeof(struct loop_timer *));
	heap_free(loop);
	loop->heap = heap;
	loop->heap_capacity = capacity;
	return 0;
}

void heap_init(struct loop *loop)
{
	loop->heap = loop->first_heap;
	loop->heap_capacity = LOOP_FIRST_HEAP;
}

int heap_reserve(struct loop *loop, size_t timers)
{
	return timers < loop->heap_capacity ? 0 : grow(loop, timers + 1);
}

void heap_free(struct loop *loop)
{
	if (loop->heap != loop->first_heap)
		free(loop->heap);
}

int heap_insert(struct loop *loop, struct loop_timer *timer)
{
	if (loop->heap_size + 1 >= loop->heap_capacity) {
		int r = grow(loop, 2 * loop->heap_capacity);

		if (r < 0)
			return r;
	}
	sift_up(loop, timer, ++loop->heap_size);
	return 0;
}

void heap_remove(struct loop *loop, struct loop_timer *timer)
{
	size_t place = timer->place;
	struct loop_timer *last = loop->heap[loop->heap_size--];

	timer->place = 0;
	if (last == timer)
		return;
	sift_down(loop, last, place);
	if (last->place == place)
		sift_up(loop, last, place);
}
