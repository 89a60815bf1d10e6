/* SPDX-License-Identifier: MIT */
/*
 * A new generation takes over from the one in office:
 *
 *   NONE ── configuration read, listeners open ──▶ STARTING ── all ready ──▶ YIELDING ── all quiet, or 1 s ──▶ NONE
 *    ▲                                                │
 *    └──── anything went wrong: nothing has changed ──┘
 *
 * In YIELDING there is no way back any more: those in office accept nobody. Only a stop, which ends them, ends it as well.
 */
#ifndef SUPERVISE_RELOAD_H
#define SUPERVISE_RELOAD_H

#include "base/sentence.h"
#include "loop/loop.h"

struct generation;
struct supervised;
struct supervisor;

enum reload_phase { RELOAD_NONE, RELOAD_STARTING, RELOAD_YIELDING };

struct reload {
	enum reload_phase phase;
	struct generation *heir;
	struct loop_timer patience; /* with those who shall be quiet */
	struct sentence unapplied;  /* what of the configuration waits for a restart */
	int64_t began_ns;
};

/* Phase NONE. Ends in verbs_settled, maybe from within. */
void reload_begin(struct supervisor *supervisor);

/* A process of the heir says READY. */
void reload_ready(struct supervised *service);

/* A process in office says QUIET, or is dead while it was asked to be. */
void reload_quiet(struct supervised *service);

/* A process of the heir, in STARTING, is dead and released. */
void reload_died(struct supervised *service, const char *how);

/* Those who wait are told why. In YIELDING, where those in office accept nobody any more, only if everything stops. */
void reload_abort(struct supervisor *supervisor, const char *why);

#endif
