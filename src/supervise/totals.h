/* SPDX-License-Identifier: MIT */
/* A service's figures over all of its processes: a board dies with its process, what it counted does not. */
#ifndef SUPERVISE_TOTALS_H
#define SUPERVISE_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/figures.h"

struct supervised;
struct supervisor;

struct totals {
	struct figures past; /* counters of the processes that have ended */
	uint64_t starts;     /* of its process */
	uint64_t deaths;     /* of its process: each end but the last one, in good order */
};

/* Of the process that it has, alone; of one that another version of us started: what it said last. False: there is
 * none. */
bool totals_of_process(struct figures *ret_figures, const struct supervised *service);

/* Counters of all processes so far; gauges of the one that lives. */
void totals_read(struct figures *ret_figures, const struct supervised *service);

/* Before its board is closed. What a retired one counted, its successor keeps. */
void totals_keep(struct supervised *service);

/* It is over, and retired: from now on they are those of who bears its name. */
void totals_bequeath(const struct supervised *service);

/* Everything counted so far goes from the one to the other. */
void totals_pass_on(struct totals *from, struct totals *to);

#endif
