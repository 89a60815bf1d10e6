/* SPDX-License-Identifier: MIT */
/*
 * Fibers of one worker: functions that may stop in the middle, on stacks of their own, while the loop goes on.
 * Control passes only between the worker's own stack and one fiber, never from fiber to fiber, and only when somebody
 * says so: between two suspends nothing else of this worker runs. Belongs to one thread. What a switch does not keep:
 * errno (the others change it meanwhile) and the signal mask (one for all).
 */
#ifndef LOOP_FIBER_H
#define LOOP_FIBER_H

#include <stddef.h>

#include "loop/stacks.h"
#include "platform/fiber_check.h"

struct fiber; /* at the top of its own stack; gone when its function has returned */

struct fibers {
	struct stacks stacks;
	struct fiber *running;
	void *worker; /* while a fiber runs: where the worker's own stack goes on */
	unsigned int alive;
	struct fiber_check check; /* of the worker's own stack */
};

/* stack_bytes and most: as of stacks_init, which also says what is returned. */
int fibers_init(struct fibers *fibers, size_t stack_bytes, unsigned int most);

/* Not in a fiber. Those that are suspended never go on, and what they own is lost: for a worker whose process ends
 * soon. */
void fibers_fini(struct fibers *fibers);

/* Not in a fiber. Runs fn at once, on a stack of its own, and returns when it first suspends, or has returned:
 * then the fiber is gone and its stack free again. 0, or -ENOMEM: no stack to be had, fn was not called.
 * fn: in the fiber; may suspend, and leaves by return or with the process, never by longjmp. */
int fiber_start(struct fibers *fibers, void (*fn)(void *arg), void *arg);

/* In a fiber: back to who started or resumed it. Returns when it is resumed. */
void fiber_suspend(struct fibers *fibers);

/* Not in a fiber. fiber, which is suspended, goes on; returns when it suspends again or is gone. */
void fiber_resume(struct fibers *fibers, struct fiber *fiber);

/* The fiber that this is called in. NULL: the worker's own stack. */
static inline struct fiber *fiber_running(const struct fibers *fibers)
{
	return fibers->running;
}

#endif
