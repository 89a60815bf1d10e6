/* SPDX-License-Identifier: MIT */
/*
 * Signals of brood's own processes. Handlers, not signalfd or SIG_IGN: clone3(CLONE_CLEAR_SIGHAND) and execve reset
 * handlers for free, while a mask and ignored signals would be inherited by every worker. A handler only
 * remembers its signal and wakes the loop. One set per process.
 */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define SIGNALS_COUNT       32 /* the standard ones */
#define SIGNALS_BIT(signal) (UINT32_C(1) << (signal))

struct signals_config {
	uint32_t taken;    /* SIGNALS_BIT(SIGTERM) | …: remembered for signals_take */
	uint32_t harmless; /* handled by doing nothing, because their default would end the process */

	/* Of those above: stay ignored if they were when we started, as nohup and a shell's & ask for. */
	uint32_t may_stay_ignored;
	bool reset_others; /* whatever else was ignored is back at its default */
};

struct signals {
	int fd; /* readable when signals_take has something */
	uint32_t changed;
	sigset_t mask_before;
	struct sigaction before[SIGNALS_COUNT];
};

/* Installs the handlers and empties the mask. 0 or -errno. */
int signals_open(struct signals *signals, const struct signals_config *config);

/* Everything as before. In a forked child use signals_forget: there the handlers are gone already. */
void signals_close(struct signals *signals);
void signals_forget(struct signals *signals);

/* The signals that came since the last call, as SIGNALS_BITs. */
uint32_t signals_take(struct signals *signals);

/* As if the signal had come: for work that is left for the next turn of the loop. Async-signal-safe. */
void signals_remember(int signal);

#endif
