/* SPDX-License-Identifier: MIT */
/*
 * The two functions of Boost.Context that are assembly and nothing else, declared for C: they save and load what a
 * callee must preserve (registers, rounding of floating point), no signal mask. Boost's header is C++. Called by
 * loop/fiber.c alone. Hidden: the objects are merged into libbrood, whose user may bring a Boost of his own.
 */
#ifndef PLATFORM_FCONTEXT_H
#define PLATFORM_FCONTEXT_H

#include <stddef.h>

/* What arrives with control: where it came from (good for one jump back), and what was sent along. */
struct fcontext_transfer {
	void *context;
	void *data;
};

/* fn, when it is first jumped to, runs on the stack that ends at top; it may never return: that is _exit(0). */
__attribute__((visibility("hidden"))) void *make_fcontext(
	void *top, size_t size, void (*fn)(struct fcontext_transfer transfer));

/* Goes on at context. Returns when somebody jumps to what he got as transfer.context. */
__attribute__((visibility("hidden"))) struct fcontext_transfer jump_fcontext(void *context, void *data);

#endif
