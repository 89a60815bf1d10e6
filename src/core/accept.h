/* SPDX-License-Identifier: MIT */
/* When clients are taken and when not: the one place where it is decided. Service process only. */
#ifndef CORE_ACCEPT_H
#define CORE_ACCEPT_H

#include <stdint.h>

struct acceptor;
struct brood_conn;
struct service;

int accept_open(struct service *service);   /* the listeners enter the loop, unless the service is held */
void accept_go(struct service *service);    /* now they do */
void accept_yield(struct service *service); /* out of the loop, and held: the queues are left alone */

/* After accept_yield: what another process has now is closed (a bit for each listener), the rest drained. */
void accept_leave(struct service *service, uint32_t passed_on);

void accept_resume(struct service *service); /* one has ended: a place, or what else was missing, is free */
void accept_drain(struct service *service);  /* take what is queued, within the limits, then close */

/* Where the queues are shared: whoever waits in them is heard of again. */
void accept_listen_anew(struct service *service);

/* A datagram that was received, or that was too long: it is placed, or refused. Takes conn. */
void accept_take_in(struct acceptor *acceptor, struct brood_conn *conn);

void accept_close(struct service *service);       /* at once. Idempotent */
void accept_close_one(struct acceptor *acceptor); /* this listener. Idempotent */

#endif
