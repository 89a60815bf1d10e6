/* SPDX-License-Identifier: MIT */
/* The processes that carry the load: started together, watched while they work, their outcomes summed up. None
 * outlives us. */
#ifndef LOAD_CREW_H
#define LOAD_CREW_H

#include <stdbool.h>
#include <sys/types.h>

#include "load/outcome.h"
#include "load/plan.h"

struct crew {
	const struct plan *plan;
	int64_t start_ns;
	int stop;                          /* eventfd: readable when all is to end */
	struct outcome *outcomes;          /* shared, one for each process */
	pid_t pids[OPTIONS_PROCESSES_MAX]; /* 0: has ended */
	int started, alive;
};

/* Borrows plan. 0, or EX_OSERR with a sentence: then nobody is left. */
int crew_start(struct crew *crew, const struct plan *plan, struct sentence *why);

/* Ends all, with what they have so far. */
void crew_stop(struct crew *crew);

/* Reaps who has ended, without waiting. */
void crew_reap(struct crew *crew);

/* The sum so far, or at the end. */
void crew_sum(const struct crew *crew, struct outcome *ret_sum);

/* Kills who is left. */
void crew_fini(struct crew *crew);

#endif
