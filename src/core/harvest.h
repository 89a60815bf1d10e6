/* SPDX-License-Identifier: MIT */
/* What standing workers left on the board becomes lines and counters. In the service process. See struct standing_host_ops. */
#ifndef CORE_HARVEST_H
#define CORE_HARVEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "contract/end_reason.h"
#include "contract/standing.h"

struct child_exit;
struct seat;
struct service;

/* Of one worker: what was seen so far. The worker cannot write here. */
struct harvest_note {
	uint64_t tail; /* records read */
	uint64_t lost, accept_errors;
	uint64_t served; /* clients that one that serves many has taken */
	struct folded folded;
	uint64_t lines_tail, lines_lost; /* of its ring of lines (core/access_tell.c) */
	int64_t answered_ns;             /* the client accepted then got .late_words; 0: none */
	uint64_t answered;               /* its so-and-so-manieth client got .last_words while it lived; 0: none */
};

int harvest_open(struct service *service);   /* 0 or -ENOMEM */
void harvest_close(struct service *service); /* idempotent */

void harvest_begin(struct service *service, unsigned int index); /* a new worker, with a new area */
bool harvest_ring(struct service *service, unsigned int index, pid_t worker);
void harvest_gone(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
	const struct child_exit *ended, int table_pidfd);
const struct seat *harvest_in_hand(const struct service *service, unsigned int index);
void harvest_expire(struct service *service, unsigned int index, int table_pidfd);

#endif
