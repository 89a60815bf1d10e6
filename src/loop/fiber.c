/* SPDX-License-Identifier: MIT */
/*
 * The switch itself. Whoever is jumped away from learns where that was only when control is back: a fiber's context
 * is written by the worker's stack and the worker's by the fiber. Invariant: `running` is NULL exactly on the
 * worker's own stack.
 */
#include "loop/fiber.h"

#include <assert.h>

#include "platform/fcontext.h"

struct fiber {
	void *context; /* while suspended: where it goes on */
	void (*fn)(void *arg);
	void *arg;
	struct fibers *fibers;
	unsigned int stack;
	struct fiber_check check;
} __attribute__((aligned(16))); /* the stack below begins as the ABI wants it */

int fibers_init(struct fibers *fibers, size_t stack_bytes, unsigned int most)
{
	struct stacks stacks;
	int error = stacks_init(&stacks, stack_bytes, most);

	if (error)
		return error;
	*fibers = (struct fibers){ .stacks = stacks };
	return 0;
}

void fibers_fini(struct fibers *fibers)
{
	assert(!fibers->running);
	stacks_fini(&fibers->stacks);
}

/* data: who goes, or NULL for good. */
static inline __attribute__((always_inline)) void leave(struct fibers *fibers, struct fiber *fiber, void *data)
{
	struct fcontext_transfer transfer;

	fiber_check_leave(&fiber->check, &fibers->check, !data);
	transfer = jump_fcontext(fibers->worker, data);
	fibers->worker = transfer.context;
	fiber_check_arrive(&fibers->check, &fiber->check);
}

/* First on each new stack. Nothing lies above it: it does not return. */
static void begin(struct fcontext_transfer transfer)
{
	struct fiber *fiber = transfer.data;

	fiber->fibers->worker = transfer.context;
	fiber_check_arrive(&fiber->fibers->check, &fiber->check);
	fiber->fn(fiber->arg);
	leave(fiber->fibers, fiber, NULL);
	__builtin_trap();
}

static void enter(struct fibers *fibers, struct fiber *fiber)
{
	struct fcontext_transfer transfer;

	assert(!fibers->running);
	fibers->running = fiber;
	fiber_check_leave(&fibers->check, &fiber->check, false);
	transfer = jump_fcontext(fiber->context, fiber);
	fiber_check_arrive(&fiber->check, &fibers->check);
	fibers->running = NULL;
	fiber->context = transfer.context;
	if (transfer.data)
		return;
	/* Only here, on another stack, can its own be given away. */
	fiber_check_end(&fiber->check);
	fibers->alive--;
	stacks_give(&fibers->stacks, fiber->stack);
}

int fiber_start(struct fibers *fibers, void (*fn)(void *arg), void *arg)
{
	unsigned int stack;
	struct fiber *fiber;
	char *bottom;
	int error = stacks_take(&fibers->stacks, &stack);

	if (error)
		return error;
	bottom = stacks_bottom(&fibers->stacks, stack);
	fiber = (struct fiber *)(void *)stacks_top(&fibers->stacks, stack) - 1;
	*fiber = (struct fiber){ .fn = fn, .arg = arg, .fibers = fibers, .stack = stack };
	fiber_check_begin(&fiber->check, bottom, (size_t)((char *)fiber - bottom));
	fiber->context = make_fcontext(fiber, (size_t)((char *)fiber - bottom), begin);
	fibers->alive++;
	enter(fibers, fiber);
	return 0;
}

void fiber_suspend(struct fibers *fibers)
{
	assert(fibers->running);
	leave(fibers, fibers->running, fibers->running);
}

void fiber_resume(struct fibers *fibers, struct fiber *fiber)
{
	enter(fibers, fiber);
}
