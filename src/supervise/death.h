/* SPDX-License-Identifier: MIT */
/* What follows when a service process has ended. */
#ifndef SUPERVISE_DEATH_H
#define SUPERVISE_DEATH_H

#include <stdint.h>

struct loop_source;
struct supervised;

/* The pidfd of a service process is readable. */
void death_ready(struct loop_source *source, uint32_t events);

/* It could not even be forked. error: negative errno. */
void death_unborn(struct supervised *service, int error);

#endif
