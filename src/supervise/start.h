/* SPDX-License-Identifier: MIT */
/* How a service process comes to be. */
#ifndef SUPERVISE_START_H
#define SUPERVISE_START_H

#include <stdint.h>

struct supervised;

/* Now. Never returns in the child. What goes wrong counts as a death. */
void start_service(struct supervised *service);

/* It is on its way to READY, and has until then. */
void start_wait(struct supervised *service, int64_t at_ns);

/* At at_ns, or later if too many were started because of failures. */
void start_later(struct supervised *service, int64_t at_ns);

#endif
