/* SPDX-License-Identifier: MIT */
/* How much one standing worker may serve and how large it may grow before it wants to be replaced. In the worker. */
#ifndef CORE_BURDEN_H
#define CORE_BURDEN_H

struct arena;

int burden_begin(struct arena *arena); /* also sets the hard bound. 0 or -errno */
void burden_look(struct arena *arena); /* after each client */

/* The hard bound, for whatever process serves clients. 0 or -errno. */
int burden_limit(int max_memory_kib);

#endif
