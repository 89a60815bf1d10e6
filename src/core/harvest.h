/* SPDX-License-Identifier: MIT */
/* What standing workers left on the board becomes lines and counters. In the service process. See struct standing_host_ops. */
#ifndef CORE_HARVEST_H
#define CORE_HARVEST_H

#include <stdbool.h>
#include <sys/types.h>

#include "contract/end_reason.h"

struct child_exit;
struct service;

bool harvest_ring(struct service *service, unsigned int index, pid_t worker);
void harvest_flush(struct service *service);
void harvest_gone(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
	const struct child_exit *ended, int table_pidfd);
void harvest_expire(struct service *service, unsigned int index, int table_pidfd);

#endif
