/* SPDX-License-Identifier: MIT */
#define PLAN_TIMEOUT_MS          10000
#define PLAN_TIMEOUT_DATAGRAM_MS 1000 /* one that is lost will not come */

/* What is to be done, by all processes: the options, with the address found and the message made. Nobody writes to
 * it. */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include "load/options.h"
#include "load/target.h"

struct plan {
	struct options options;
	struct target target;
	struct reply_rule rule;
	char *message;
	size_t message_size;
	int clients;   /* that have a connection each: with --hold, all connections */
	int processes; /* at least 1 */
	bool says;     /* there is a request; with --hold only if there is a message */
	bool keeps;    /* several requests over a connection */
};

/* 0, or an exit status with a sentence. Raises the limit on descriptors, too. */
int plan_init(struct plan *plan, const struct options *options, struct sentence *why);
void plan_fini(struct plan *plan);

/* Clients of one of the processes. */
int plan_clients_of(const struct plan *plan, int process);

#endif
