/* SPDX-License-Identifier: MIT */
/* A service from nothing to serving and back. Service process only. */
#ifndef CORE_SERVICE_LIFE_H
#define CORE_SERVICE_LIFE_H

#include <brood/brood.h>

struct brood;
struct service;

struct service *service_new(struct brood *engine, const struct brood_service *effective); /* NULL: no memory */
void service_free(struct service *service);                                               /* after service_stop */

/* In this order; each 0 or -errno with the engine's sentence. service_stop undoes whatever was done. Idempotent. */
int service_open(struct service *service);       /* listeners: its own, or the supervisor's */
int service_load(struct service *service);       /* the moment load */
int service_open_board(struct service *service); /* after load: see inherit.c */
int service_start(struct service *service);      /* connections, model, accepting */
void service_stop(struct service *service);

#endif
