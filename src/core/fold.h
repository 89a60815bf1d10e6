/* SPDX-License-Identifier: MIT */
/*
 * Ends that are all the same: of datagrams that were answered as they should be, where no line is written about each. A worker
 * that serves many adds them up in its area, and the service process adds what is new there to the tally.
 */
#ifndef CORE_FOLD_H
#define CORE_FOLD_H

#include <stdbool.h>

#include "contract/end_reason.h"
#include "contract/standing.h"
#include "contract/tally.h"

struct brood_conn;

/* In the worker. False: this end needs a record of its own. */
bool fold_end(struct folded *folded, const struct brood_conn *conn, enum end_reason reason);

/* In the service process, which trusts none of folded: numbers are only ever added. True: there was something new. */
bool fold_harvest(struct tally *tally, const struct folded *folded, struct folded *seen);

#endif
