/* SPDX-License-Identifier: MIT */
/* What accepting has to mind where several processes do so from the same sockets, each by a loop of its own. Elsewhere nothing. */
#ifndef CORE_ACCEPT_SHARED_H
#define CORE_ACCEPT_SHARED_H

#include <stdbool.h>
#include <stdint.h>

struct acceptor;
struct ledger;
struct service;

/* In a worker, before anything is in its loop: of sockets with one address, which is its own. */
void accept_shared_deal(struct ledger *ledger, uint32_t rank);

uint32_t accept_shared_events(const struct service *service); /* what the loop is asked for */

/* It has had its share of this queue, and goes to the end of the line. */
bool accept_shared_is_their_turn(const struct acceptor *acceptor);

/* What accept answered means that the queue is at its end: somebody else ended it. */
bool accept_shared_is_over(const struct service *service, int error);

/* Draining, and found empty: ended for all, and closed here. */
void accept_shared_end(struct acceptor *acceptor);

#endif
