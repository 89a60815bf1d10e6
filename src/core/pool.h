/* SPDX-License-Identifier: MIT */
/* The connections of a service: made once, taken and given back. Service process only. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

struct brood_conn;
struct service;

int pool_open(struct service *service); /* needs acceptors, board and the model's capacity */
void pool_close(struct service *service);

struct brood_conn *pool_take(struct service *service); /* never NULL while the model has room */
void pool_give(struct brood_conn *conn);

#endif
