/* SPDX-License-Identifier: MIT */
/* How many standing workers there should be. Arithmetic only: no clock, no process, no randomness of its own. */
#ifndef MODEL_SIZING_H
#define MODEL_SIZING_H

#include <stdbool.h>
#include <stdint.h>

#define SIZING_STEP_MAX       32    /* workers started in one pass: 1, 2, 4 … 32 while the lack goes on */
#define SIZING_PASS_MS        100   /* from one pass to the next */
#define SIZING_AMPLE_MS       10000 /* idle ones above twice the spare for so long: the pool shrinks … */
#define SIZING_SHRINK_MS      1000  /* … by one in this time */
#define SIZING_RETRY_FIRST_MS 10    /* back-off while no worker can be started; doubles … */
#define SIZING_RETRY_LAST_MS  1000  /* … up to this, for ever */
#define SIZING_REPLACE_MS     100   /* between two starts in place of workers that died early: ten a second */
#define SIZING_PART           10    /* at most a tenth recycles at once; limits of requests vary by a tenth */

struct sizing_config {
	int workers;   /* the size of a fixed pool: if max is 0 */
	int min, max;  /* or its bounds: it breathes */
	int spare;     /* of one that breathes: how many idle ones are kept ready */
	bool one_shot; /* a worker serves one client: all that are lost are refilled, without growing slowly */
};

/* Workers of the pool. Those that were told to leave, or may recycle, are not in it any more, unless they linger with a client. */
struct sizing_counts {
	int alive;    /* all of them */
	int idle;     /* wait for a client */
	int starting; /* were not idle yet */
};

/* Zero at first. */
struct sizing {
	int64_t again_ns; /* read by the caller: when to ask again if nothing happens before; INT64_MAX: need not */

	int64_t pass_ns; /* growth: when the next pass begins */
	int step;        /* workers of this pass */
	int step_left;   /* of those, not started yet */
	bool lacking;    /* when last asked, this pass was used up and there were still too few */

	int64_t ample_ns;  /* since when there are too many idle ones; 0: there are not */
	int64_t shrunk_ns; /* when one was let go, last */

	int failures;       /* starts in a row after which nobody became idle */
	bool probing;       /* one more was tried, and nothing is known of it */
	int64_t retry_ns;   /* when the next may be tried */
	int owed;           /* workers that died early and were not replaced */
	int64_t replace_ns; /* when the next of these may be */
};

/* How many to start now (> 0), which then count as started, or how many idle ones to let go (< 0). Ask after each
 * batch of events and at again_ns; where idle workers become busy without an event, each SIZING_PASS_MS too. */
int sizing_wanted(
	struct sizing *sizing, const struct sizing_config *config, struct sizing_counts counts, int64_t now_ns);

/* What became of a start. Failed: there is no process. Died early: it ended before it was idle once. */
void sizing_start_failed(struct sizing *sizing, int64_t now_ns);
void sizing_died_early(struct sizing *sizing, int64_t now_ns);
void sizing_became_idle(struct sizing *sizing);

/* After how many requests this worker is to be replaced: all at different times. max_requests <= 0: 0, never. */
int sizing_jitter(int max_requests, uint32_t random);

/* May one more worker be replaced? recycling: those that may already and are not gone. On true start its replacement:
 * that one enters the counts, the old one leaves them, and works on until the new one is idle. */
bool sizing_may_recycle(const struct sizing *sizing, int alive, int recycling);

#endif
