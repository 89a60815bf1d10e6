/* SPDX-License-Identifier: MIT */
/* The connections of whoever accepts: made once, taken and given back. In a service process, or in a worker that serves many. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>

#include "core/service.h"

int pool_open(struct service *service); /* needs acceptors, board and the model's capacity */
void pool_close(struct service *service);

struct brood_conn *pool_take(struct service *service); /* NULL: no memory, or the model has no room */
void pool_give(struct brood_conn *conn);

/* In a worker that serves many a connection has its kit (buffer and packets) only while a request is in progress: it is given
 * back, with nothing in it, when the connection is parked. Elsewhere nothing happens: it has its own. */
int pool_take_kit(struct brood_conn *conn); /* 0 or -ENOMEM */
void pool_give_kit(struct brood_conn *conn);

/* Gives memory of kits that nobody has back to the kernel, but for the warmest few; a batch at a time: how many. */
#define POOL_KITS_KEPT  32
#define POOL_TRIM_BATCH 64
unsigned int pool_trim_kits(struct pool *pool);

struct pool_layout pool_layout(const struct service *service, unsigned int count);

/* A connection outside of the pool: a standing worker's own (core/arena.h). extras: as large as layout says. */
void pool_equip(struct service *service, struct brood_conn *conn, unsigned int index,
	const struct pool_layout *layout, char *extras);
void pool_renew(struct brood_conn *conn); /* for the next client */

#endif
