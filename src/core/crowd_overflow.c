/* SPDX-License-Identifier: MIT */
/*
 * A handler that uses up its fiber's stack runs into the guard below it. Its worker dies of that, as of any other fault; here
 * it leaves a word for the service process, so that the line of the client's end says what it was. Called by crowd.c.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/crowd_private.h"

/* The kernel's own minimum is smaller than what it saves on processors with large registers. */
#define ALTERNATE_STACK (64 * 1024)

/* For the signal handler, which has no other way to it. */
static struct crowd *the_crowd;

/* Returns to the very instruction, which then faults for good: the disposition is the default again. */
static void note_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	/* Sent by somebody, and not by an instruction that would be tried again. */
	if (info->si_code <= 0)
		raise(sig);
	/* In a function that was offloaded: whose handler runs meanwhile has no part in it. */
	else if (!pthread_equal(pthread_self(), the_crowd->thread))
		atomic_store(&the_crowd->arena->standing->running, 0);
	else if (stacks_is_guard(&the_crowd->strands.fibers.stacks, info->si_addr))
		atomic_store(&the_crowd->arena->standing->overflow, 1);
}

void crowd_watch_stacks(struct crowd *crowd)
{
	static char memory[ALTERNATE_STACK];
	const stack_t stack = { .ss_sp = memory, .ss_size = sizeof memory };
	struct sigaction action = { .sa_sigaction = note_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND };
	struct sigaction before;

	/* An application, or a sanitizer, that wants to know by itself does. */
	if (sigaction(SIGSEGV, NULL, &before) < 0 || before.sa_handler != SIG_DFL)
		return;
	the_crowd = crowd;
	crowd->thread = pthread_self();
	if (sigaltstack(&stack, NULL) == 0)
		sigaction(SIGSEGV, &action, NULL);
}
