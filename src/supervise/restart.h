/* SPDX-License-Identifier: MIT */
/* When a dead service is started again, and when no more. Arithmetic only: no clock, no process. */
#ifndef SUPERVISE_RESTART_H
#define SUPERVISE_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_TRIES          5     /* deaths in a row before the first READY that give up */
#define RESTART_FIRST_MS       200   /* before the first READY; doubles: 0.2, 0.4, 0.8, 1.6 s */
#define RESTART_READY_FIRST_MS 1000  /* after it; doubles … */
#define RESTART_READY_LAST_MS  30000 /* … up to this */
#define RESTART_FORGIVEN_MS    60000 /* lived this long: its earlier deaths are forgotten */
#define RESTART_REPLACED_MS    1000  /* lived this long: to be replaced is no failure */
#define RESTART_SPACING_MS     100   /* between any two forks because of failures: ten a second */

struct restart {
	unsigned int deaths; /* in a row */
	bool was_ready;      /* once, ever */
	int64_t started_ns;  /* the process that lives, or lived last */
};

void restart_started(struct restart *restart, int64_t now_ns);
void restart_ready(struct restart *restart);

/* It died (replaced: by its own or our decision, to have a fresh one). False: give up. True: start again at
 * *ret_at_ns. */
bool restart_died(struct restart *restart, bool replaced, int64_t now_ns, int64_t *ret_at_ns);

/* May there be a start because of a failure, now? True: yes, and it counts. False: ask again at *next_ns. */
bool restart_may_start(int64_t *next_ns, int64_t now_ns);

#endif
