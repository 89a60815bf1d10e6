/* SPDX-License-Identifier: MIT */
/* What accepting has to mind where several processes do so from the same sockets, each by a loop of its own. Elsewhere nothing. */
#ifndef CORE_ACCEPT_SHARED_H
#define CORE_ACCEPT_SHARED_H

#include <stdbool.h>
#include <stdint.h>

struct acceptor;
struct service;

uint32_t accept_shared_events(const struct service *service); /* what the loop is asked for */

/* What accept answered means that the queue is at its end: somebody else ended it. */
bool accept_shared_is_over(const struct service *service, int error);

/* Draining, and found empty: ended for all, and closed here. */
void accept_shared_end(struct acceptor *acceptor);

#endif
