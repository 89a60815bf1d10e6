/* SPDX-License-Identifier: MIT */
/* `brood serve` without anything: a few services on loopback, and what to type to talk to them. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

struct plan;
struct supervisor;

void demo_add(struct plan *plan);

/* Says what is served and how to try it; the ready call of struct supervise_config. */
void demo_ready(void *arg, const struct supervisor *supervisor);

#endif
