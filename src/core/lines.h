/* SPDX-License-Identifier: MIT */
/* End records' lines, held back so that a burst of them costs a few writes. In the service process. */
#ifndef CORE_LINES_H
#define CORE_LINES_H

struct service;

/* Lines of ends are held back from now on, until lines_flush. */
void lines_hold(struct service *service);

/* The same, if the next turn of the loop follows at once; until it would sleep, and LINES_HOLD_MS at most. Not for a model whose
 * loop waits for clients in a callback. */
void lines_hold_until_sleep(struct service *service);

/* Idempotent. Before any other line of the service, so that they stay in order. */
void lines_flush(struct service *service);

/* Idempotent. The loop may outlive the service. */
void lines_close(struct service *service);

#endif
