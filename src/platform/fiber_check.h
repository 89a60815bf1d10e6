/* SPDX-License-Identifier: MIT */
/*
 * What those who watch our memory must be told of stacks that we make and change by ourselves: AddressSanitizer
 * (bounds, and a stack of its own beside each), LeakSanitizer (pointers may lie there), ThreadSanitizer (a fiber is a
 * thread to it), valgrind (this jump is no growth). Without them all of it is nothing, but for one line to valgrind
 * for each new stack. Order of a switch: fiber_check_leave on the old stack, the jump, fiber_check_arrive on the new
 * one.
 */
#ifndef PLATFORM_FIBER_CHECK_H
#define PLATFORM_FIBER_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "platform/leak_check.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define FIBER_ADDRESSES_CHECKED 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define FIBER_ADDRESSES_CHECKED 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define FIBER_THREADS_CHECKED 1
#include <sanitizer/tsan_interface.h>
#else
#define FIBER_THREADS_CHECKED 0
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND              0
#define VALGRIND_STACK_REGISTER(low, up) ((void)(low), (void)(up), 0)
#define VALGRIND_STACK_DEREGISTER(id)    ((void)(id))
#endif

/* At once. ThreadSanitizer has numbers for some 8,000 threads, and makes each in milliseconds. */
#define FIBER_CHECK_MOST (FIBER_THREADS_CHECKED ? 1000 : 1000000)

/* Of each fiber, and one of the worker's own stack, zero at first. */
struct fiber_check {
#if FIBER_ADDRESSES_CHECKED
	void *beside; /* while it does not run: its frames on AddressSanitizer's own stack */
	const void *bottom;
	size_t size;
#endif
#if FIBER_THREADS_CHECKED
	void *thread;
#endif
	char unused; /* C wants something */
};

/* New memory in which stacks will begin and end. Returns what fiber_check_unmap is to be given. */
static inline unsigned int fiber_check_map(const void *bottom, size_t size)
{
	leak_check_root(bottom, size);
	return (unsigned int)VALGRIND_STACK_REGISTER(bottom, (const char *)bottom + size - 1);
}

static inline void fiber_check_unmap(unsigned int id, const void *bottom, size_t size)
{
	leak_check_unroot(bottom, size);
	VALGRIND_STACK_DEREGISTER(id);
}

/* A fiber that has not run yet will have this stack; what the last one left there may be written. */
static inline void fiber_check_begin(struct fiber_check *fiber, const void *bottom, size_t size)
{
#if FIBER_ADDRESSES_CHECKED
	__asan_unpoison_memory_region(bottom, size);
	fiber->bottom = bottom;
	fiber->size = size;
#endif
#if FIBER_THREADS_CHECKED
	fiber->thread = __tsan_create_fiber(0);
#endif
	(void)fiber, (void)bottom, (void)size;
}

/* It will not run again. Called from elsewhere. */
static inline void fiber_check_end(struct fiber_check *fiber)
{
#if FIBER_THREADS_CHECKED
	__tsan_destroy_fiber(fiber->thread);
#endif
	(void)fiber;
}

/* Control goes from one to the other; for_good: and never comes back. */
static inline __attribute__((always_inline)) void fiber_check_leave(
	struct fiber_check *from, struct fiber_check *to, bool for_good)
{
#if FIBER_ADDRESSES_CHECKED
	__sanitizer_start_switch_fiber(for_good ? NULL : &from->beside, to->bottom, to->size);
#endif
#if FIBER_THREADS_CHECKED
	from->thread = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->thread, 0);
#endif
	(void)from, (void)to, (void)for_good;
}

/* Control has come from one to the other: whose bounds, if it is the worker's own stack, are now known. */
static inline __attribute__((always_inline)) void fiber_check_arrive(struct fiber_check *from, struct fiber_check *to)
{
#if FIBER_ADDRESSES_CHECKED
	__sanitizer_finish_switch_fiber(to->beside, &from->bottom, &from->size);
#endif
	(void)from, (void)to;
}

#endif
