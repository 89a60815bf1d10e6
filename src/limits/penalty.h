/* SPDX-License-Identifier: MIT */
/*
 * What a source has to wait for after its clients misbehaved. Offences add up and run off with time; below a minimum they
 * are only remembered, so that one slow client among the many behind one address costs nobody anything; from there
 * the source is refused until all of it has run off. The idea is that of sshd's PerSourcePenalties. Pure.
 */
#ifndef LIMITS_PENALTY_H
#define LIMITS_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/end_reason.h"

#define PENALTY_MIN_MS 15000 /* or max_ms, if that is less */
#define PENALTY_MAX_MS 600000

/* 0: no penalty. */
struct penalty_config {
	int crash_ms;
	int timeout_ms;
	int blame_ms;
	int max_ms; /* 0: PENALTY_MAX_MS */
};

/* Of one source. */
struct penalty {
	int64_t offences_until_ns; /* when all of them will have run off */
	int64_t refused_until_ns;  /* the same once it is enforced; 0: it is not. All that a reader asks for */
};

/* What this end costs: a crash, a timeout, and blame on top of either. */
int64_t penalty_ms(const struct penalty_config *config, enum end_reason reason, bool blamed);

void penalty_add(const struct penalty_config *config, struct penalty *penalty, int64_t ms, int64_t now_ns);

static inline bool penalty_holds(int64_t refused_until_ns, int64_t now_ns)
{
	return refused_until_ns > now_ns;
}

#endif
