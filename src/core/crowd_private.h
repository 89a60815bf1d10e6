/* SPDX-License-Identifier: MIT */
/* struct crowd from the inside. Private to core/crowd.c and core/crowd_seats.c. */
#ifndef CORE_CROWD_PRIVATE_H
#define CORE_CROWD_PRIVATE_H

#include <pthread.h>

#include "core/arena.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "core/pool.h"
#include "model/strand.h"

/* With clients in its hands the loop turns at least so often: who does not is stuck (model/station.c). */
#define CROWD_TURN_MS 1000

struct crowd {
	struct arena *arena;
	char *memory; /* addresses for all connections, strands and what hangs on them; opened as they are needed */
	size_t memory_size;
	struct loop loop;
	struct ledger ledger;
	struct tally tally; /* for core's eyes: what others are to see is in the area, and in end records */
	struct strands strands;
	struct strand *all_strands;
	struct loop_source signal_source, life_source;
	struct loop_timer open_timer, turn_timer, untold_timer, share_timer;
	struct list untold; /* connections whose end record found no room */
	unsigned int clients;
	unsigned int share_next; /* where the next look for somebody to give way begins */
	bool leaving;
	bool unheard;     /* everything must end: who would read end records may be gone */
	pthread_t thread; /* the one of the loop */
};

/* A handler that uses up its stack is told from one that crashes otherwise. */
void crowd_watch_stacks(struct crowd *crowd);

/* If somebody waits for a place: one of those who are parked, and were here long enough, is told that it is over. */
bool crowd_give_way(struct crowd *crowd);

/* Refused clients who may still be sending are seen to before the worker ends, for as long as park.h says. */
void crowd_park_out(struct crowd *crowd);

#endif
