/* SPDX-License-Identifier: MIT */
/* Accepting, where standing workers do it by themselves: the part of accept.c that differs. Service process only. */
#ifndef CORE_ACCEPT_STANDING_H
#define CORE_ACCEPT_STANDING_H

#include <stdbool.h>

struct service;

int accept_standing_open(struct service *service);
void accept_standing_go(struct service *service); /* the workers are about to be told */
void accept_standing_drain(struct service *service);

/* See struct standing_host_ops. */
void accept_standing_saturated(struct service *service, bool now);
bool accept_standing_anyone_waits(const struct service *service);
void accept_standing_emptied(struct service *service);

#endif
