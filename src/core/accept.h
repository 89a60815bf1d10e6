/* SPDX-License-Identifier: MIT */
/* When clients are taken and when not: the one place where it is decided. Service process only. */
#ifndef CORE_ACCEPT_H
#define CORE_ACCEPT_H

struct service;

int accept_open(struct service *service);    /* the listeners enter the loop */
void accept_resume(struct service *service); /* one has ended: a place, or what else was missing, is free */
void accept_drain(struct service *service);  /* take what is queued, within the limits, then close */
void accept_close(struct service *service);  /* at once. Idempotent */

#endif
