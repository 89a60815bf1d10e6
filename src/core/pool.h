/* SPDX-License-Identifier: MIT */
/* The connections of a service: made once, taken and given back. Service process only. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>

struct brood_conn;
struct service;

int pool_open(struct service *service); /* needs acceptors, board and the model's capacity */
void pool_close(struct service *service);

struct brood_conn *pool_take(struct service *service); /* never NULL while the model has room */
void pool_give(struct brood_conn *conn);

/* A connection outside of the pool: a standing worker's own (core/arena.h). extra: pool_extras_size bytes. */
size_t pool_extras_size(const struct service *service);
void pool_equip(struct service *service, struct brood_conn *conn, unsigned int index, char *extra);
void pool_renew(struct brood_conn *conn); /* for the next client */

#endif
