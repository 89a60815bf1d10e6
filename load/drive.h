/* SPDX-License-Identifier: MIT */
/* One process of the load: its clients, carried by one epoll loop until all is done or the time is over. */
#ifndef LOAD_DRIVE_H
#define LOAD_DRIVE_H

#include "base/list.h"
#include "load/origin.h"
#include "load/outcome.h"
#include "load/plan.h"
#include "load/schedule.h"

struct client;

struct drive {
	const struct plan *plan;
	struct outcome *outcome;
	int epoll;
	int64_t end_ns;   /* nobody begins later; INT64_MAX: until all connections were made */
	int64_t limit_ns; /* nobody waits longer */
	struct schedule schedule;
	uint64_t asked, due; /* of the schedule: begun, and all of them */
	struct origin origin;
	unsigned int abort_debt; /* in hundredths of a request */
	struct client *clients;
	size_t count;
	size_t busy, done; /* clients: under way; for ever at rest */
	size_t opening;    /* clients that try to connect */
	struct list ready; /* clients that may begin */
	/* Each in the order of time, since what is appended waits as long as what was before. */
	struct list deadlines; /* clients under way */
	struct list trickling; /* clients that have another byte to send */
	struct list pausing;   /* clients that failed, and will be ready */
	struct list knocking;  /* clients that found a full queue, and will connect again */
	char *buffer;
};

/* As child `process` of those in the plan; stop: a descriptor that becomes readable when all is to end. Fills in
 * outcome. */
void drive_run(const struct plan *plan, int process, int64_t start_ns, int stop, struct outcome *outcome);

#endif
