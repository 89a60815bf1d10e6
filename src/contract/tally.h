/* SPDX-License-Identifier: MIT */
/*
 * A service's counters and histograms: at the end of its board, written by the service process alone, read by anybody
 * who shows them (status, metrics, top) while they are written. Each is a whole value; together they are no snapshot.
 * Tallies of several generations or services are merged by addition.
 */
#ifndef CONTRACT_TALLY_H
#define CONTRACT_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "contract/end_reason.h"

/* Log-linear: eight steps for each doubling, so a quantile is known to within a ninth. Microseconds. */
#define HISTOGRAM_STEPS_LOG2 3
#define HISTOGRAM_STEPS      (1 << HISTOGRAM_STEPS_LOG2)
#define HISTOGRAM_DOUBLINGS  37 /* up to a day and a half */
#define HISTOGRAM_BUCKETS    (HISTOGRAM_STEPS * (HISTOGRAM_DOUBLINGS + 1))

struct histogram {
	_Atomic uint64_t sum_us;
	_Atomic uint64_t bucket[HISTOGRAM_BUCKETS];
};

struct tally {
	_Atomic uint64_t started_ns; /* monotonic: when the service process began to serve */

	/* Counters. */
	_Atomic uint64_t accepted, ended, refused, would_refuse, written_off;
	_Atomic uint64_t untracked; /* let in without limits per source: the table of sources was full */
	_Atomic uint64_t requests, bytes_in, bytes_out;
	_Atomic uint64_t pauses; /* at the bound, or because accept or place failed */
	_Atomic uint64_t accept_errors, place_errors;
	_Atomic uint64_t worker_starts, worker_deaths, worker_recycled; /* deaths: not in good order */
	_Atomic uint64_t answered_for_the_dead;
	_Atomic uint64_t lost_records; /* a worker ended more connections than its ring holds */
	_Atomic uint64_t lost_lines;   /* of the log, by the service process */
	_Atomic uint64_t ended_by[END_REASONS];

	/* Gauges. */
	_Atomic uint64_t out;           /* connections with a worker */
	_Atomic uint64_t workers, idle; /* standing workers */
	_Atomic uint64_t capacity;      /* connections at once, by model and workers */
	_Atomic uint64_t paused;        /* 1: nobody is accepted at the moment */
	_Atomic uint64_t waiting;       /* 1: at the bound, and somebody waits for a worker */

	struct histogram duration;   /* accept to end */
	struct histogram queue_wait; /* connected to accepted, where known */
};

/* One writer: see slot_add. */
static inline void tally_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void tally_set(_Atomic uint64_t *gauge, uint64_t value)
{
	atomic_store_explicit(gauge, value, memory_order_relaxed);
}

static inline unsigned int histogram_index(uint64_t us)
{
	unsigned int doubling, index;

	if (us < HISTOGRAM_STEPS)
		return (unsigned int)us;
	doubling = 63 - (unsigned int)__builtin_clzll(us) - HISTOGRAM_STEPS_LOG2;
	index = (doubling + 1) * HISTOGRAM_STEPS + (unsigned int)((us >> doubling) & (HISTOGRAM_STEPS - 1));
	return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

/* The least value that is counted in the bucket after this one: what `le` of a cumulative bucket says. */
static inline uint64_t histogram_upper_us(unsigned int index)
{
	unsigned int next = index + 1;

	if (next <= HISTOGRAM_STEPS)
		return next;
	return (uint64_t)(HISTOGRAM_STEPS + next % HISTOGRAM_STEPS) << (next / HISTOGRAM_STEPS - 1);
}

static inline void histogram_add(struct histogram *histogram, uint64_t us)
{
	tally_add(&histogram->sum_us, us);
	tally_add(&histogram->bucket[histogram_index(us)], 1);
}

#endif
