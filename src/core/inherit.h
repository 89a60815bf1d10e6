/* SPDX-License-Identifier: MIT */
/* What a forked worker inherits, and what it must leave. */
#ifndef CORE_INHERIT_H
#define CORE_INHERIT_H

#include <sys/types.h>

struct brood;
struct brood_conn;
struct service;

/* Supervised, around the moments load: which descriptors are brood's, which the application's. */
int inherit_before_load(struct brood *engine);
int inherit_after_load(struct brood *engine);

/* struct brood_host_ops.enter_child. */
int inherit_enter_child(struct brood_conn *conn, pid_t parent);

/* The same for a standing worker, or its keeper: it keeps what it waits on, and kept_fd if that is not -1. */
void inherit_enter_standing(const struct service *service, int kept_fd);

#endif
