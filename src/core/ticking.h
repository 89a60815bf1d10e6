/* SPDX-License-Identifier: MIT */
/* What happens by the clock in a service process: the moments tick and idle, and the sweep over missed deadlines. */
#ifndef CORE_TICKING_H
#define CORE_TICKING_H

struct brood;
struct service;

#define TICKING_PERIOD_MS 1000
#define TICKING_SWEEP_MS  250
#define TICKING_SLOW_MS   100 /* a moment that takes longer is logged */

int ticking_start(struct brood *engine); /* only if a service wants it: an idle engine sleeps */
void ticking_stop(struct brood *engine);
void ticking_start_sweep(struct service *service); /* runs while connections are out. Idempotent */

#endif
