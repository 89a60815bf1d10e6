/* SPDX-License-Identifier: MIT */
/* The client's socket of a standing worker, from outside: through any process that shares its descriptors. Service process. */
#ifndef CORE_REACH_H
#define CORE_REACH_H

struct seat;
struct service;

/* A duplicate, or -errno. The number comes from the worker, so what it stands for is looked at first: a stream accepted
 * from one of our listeners, and nothing else that the worker may have open. */
int reach_client(const struct service *service, const struct seat *seat, int table_pidfd);

#endif
