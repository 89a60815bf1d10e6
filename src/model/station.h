/* SPDX-License-Identifier: MIT */
/*
 * A station: the place of one standing worker, one after the other. Its process is held by descriptor, told to leave by word
 * and signal, and ended if it does not come back. How many there should be is model/prefork.c's.
 *
 *   FREE ── start ──→ (ASKED: a keeper is making it) ──→ STANDING ── its pidfd fires ──→ FREE
 */
#ifndef MODEL_STATION_H
#define MODEL_STATION_H

#include <stdint.h>

#include "contract/end_reason.h"
#include "contract/standing.h"
#include "loop/loop.h"
#include "model/keeper.h"
#include "process/ladder.h"
#include "process/stall.h"

struct model;
struct station;

struct station_owner {
	struct model *model;
	bool keeps;                             /* workers have keepers */
	uint32_t open, asleep, queues, workers; /* what all workers are told (contract/standing.h) */
	/* It is free again. error: it could not even be made. */
	void (*freed)(struct station_owner *owner, struct station *station, int error);
	/* One that serves many has ended, and it may take long to tell the ends of all of its clients. */
	void (*ended)(struct station_owner *owner, struct station *station);
};

struct station {
	struct station_owner *owner;
	unsigned int index;
	struct keeper keeper;
	struct loop_source channel_source;
	bool asked;
	struct child worker; /* pidfd -1: there is none */
	struct loop_source source;

	uint32_t rank;         /* what its worker is told (contract/standing.h) */
	uint32_t told;         /* enum standing_order */
	int64_t told_ns;       /* when, by the loop's clock */
	bool was_idle;         /* as far as was seen */
	struct station *after; /* its replacement, which it waits for */
	uint64_t seen_served;  /* clients, when last looked at … */
	uint32_t seen_state;   /* … and what it was doing … */
	bool seen_away;        /* … and that it did not listen */
	struct ladder ladder;
	struct stall stall;
	uint64_t seen_turns;      /* of the loop of one that serves many … */
	int64_t turned_ns;        /* … and when it was last seen to turn */
	enum end_reason ended_as; /* we are ending it, and why … */
	uint64_t ended_for;       /* … for this client of its, counted from 1 */
	uint64_t expired;         /* its so-and-so-manieth client was cut off; 0: none */
};

void station_init(struct station *station, struct station_owner *owner, unsigned int index);

/* A worker that wants to go after so many requests (0: any number), and is told so, and station->rank, from the beginning.
 * 0: it is on its way, or -errno. */
int station_start(struct station *station, int limit, enum standing_order told);

static inline bool station_is_free(const struct station *station)
{
	return station->worker.pidfd < 0 && !station->asked;
}

/* What it says it is doing, or will be doing soon; any nonsense is BUSY. */
enum standing_state station_state(const struct station *station);

/* The word alone. One that waits hears it only with the signal, which follows at each look as well: a fresh one may not have
 * heard one that came too early. */
void station_tell(struct station *station, enum standing_order kind);
void station_remind(struct station *station);

void station_sweep(struct station *station, bool look_for_stall, int64_t now_ns); /* each 250 ms, while it is busy */
void station_kill(struct station *station);

/* The worker has ended: before the loop runs, or when it is not to run any more. */
bool station_check(struct station *station);

void station_fini(struct station *station);   /* at once; frees nothing that the board says */
void station_forget(struct station *station); /* in a child: its descriptors */

#endif
