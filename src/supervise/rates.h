/* SPDX-License-Identifier: MIT */
/* How fast a service's counters grew: over the last second, and over the last ten. Arithmetic only: no clock. */
#ifndef SUPERVISE_RATES_H
#define SUPERVISE_RATES_H

#include <stdint.h>

#include "base/clock.h"
#include "observe/figures.h"

#define RATES_PERIOD_NS NS_PER_SEC
#define RATES_LONG      10 /* periods */

enum rates_of { RATES_ACCEPTED, RATES_REQUESTS, RATES_BYTES_IN, RATES_BYTES_OUT, RATES };

struct rates_sample {
	int64_t at_ns;
	uint64_t value[RATES];
};

struct rates {
	struct rates_sample ring[RATES_LONG + 1];
	unsigned int count; /* ever */
};

/* Each period. */
void rates_take(struct rates *rates, const struct figures *figures, int64_t now_ns);

/* Tenths per second over so many of the last periods, or as many as there are. 0 while there is none. */
uint64_t rates_tenths(const struct rates *rates, enum rates_of of, unsigned int periods);

#endif
