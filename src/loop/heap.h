/* SPDX-License-Identifier: MIT */
/* The loop's timers: a binary heap of pointers, each timer knowing its place. Private to src/loop. */
#ifndef LOOP_HEAP_H
#define LOOP_HEAP_H

#include "loop/loop.h"

void heap_init(struct loop *loop);
void heap_free(struct loop *loop);
int heap_reserve(struct loop *loop, size_t timers);            /* room for so many; 0 or -ENOMEM */
struct loop_timer *heap_first(const struct loop *loop);        /* or NULL */
int heap_insert(struct loop *loop, struct loop_timer *timer);  /* 0 or -ENOMEM */
void heap_remove(struct loop *loop, struct loop_timer *timer); /* must be in it */

#endif
