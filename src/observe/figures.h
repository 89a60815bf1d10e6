/* SPDX-License-Identifier: MIT */
/*
 * What a board says, copied out and checked: the totals of a service, and a row for each worker. Text, JSON and metrics are
 * made of these and never look at the board themselves.
 */
#ifndef OBSERVE_FIGURES_H
#define OBSERVE_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/conn.h"
#include "observe/board.h"
#include "observe/histogram.h"

/* Of one service process, or a sum. */
struct figures {
	/* Counters, see figures_counters. */
	uint64_t accepted, ended, refused, would_refuse, written_off;
	uint64_t requests, bytes_in, bytes_out;
	uint64_t pauses, accept_errors, place_errors;
	uint64_t worker_starts, worker_deaths, worker_recycled;
	uint64_t answered_for_the_dead, lost_records, lost_lines;
	uint64_t ended_by[END_REASONS];

	/* Gauges. */
	uint64_t out, workers, idle, capacity;
	bool paused;

	struct histogram_counts duration, queue_wait;
};

/* Every counter but ended_by. */
struct figures_counter {
	const char *name; /* its key in JSON; NULL ends the list */
	const char *help;
	size_t tally_offset; /* of an _Atomic uint64_t in struct tally */
	size_t offset;       /* of an uint64_t in struct figures */
};

extern const struct figures_counter figures_counters[];

static inline uint64_t figures_counter(const struct figures *figures, const struct figures_counter *counter)
{
	return *(const uint64_t *)(const void *)((const char *)figures + counter->offset);
}

static inline uint64_t *figures_counter_of(struct figures *figures, const struct figures_counter *counter)
{
	return (uint64_t *)(void *)((char *)figures + counter->offset);
}

void figures_read(struct figures *ret_figures, const struct board *board);

/* Counters and histograms. A gauge is of the living alone: that of figures stays. */
void figures_add(struct figures *figures, const struct figures *more);

/* One worker, or one connection where a worker has one at a time. Nothing in it is known to be true, but everything is
 * within its range: a pid may be anybody's (compare its parent), times lie before now_ns. */
struct figures_worker {
	unsigned int index;  /* of its slot */
	const char *state;   /* a word of ours */
	bool standing;       /* a worker that waits for its clients; else somebody's client is in it */
	bool busy;           /* a client is in its hands */
	bool counted;        /* the sums below are known: a forked worker tells them only when it is over */
	pid_t pid;           /* 0: not known */
	int64_t since_ns;    /* in this state; 0: not known */
	int64_t started_ns;  /* standing: the worker; else its connection; 0: not known */
	int64_t must_end_ns; /* 0: no promise */
	int64_t queue_us;    /* of the client in its hands; -1: not known */
	uint64_t served, requests, bytes_in, bytes_out; /* standing: of all its clients so far */
	uint64_t clients;                               /* in its hands */
	socklen_t peer_size;                            /* 0: not known */
	union conn_address peer;
};

/* The first slot from index on in which somebody ever was; board->count if there is none. To look at the others would
 * give each of them a page of memory. Needs board->fd. */
unsigned int figures_used(const struct board *board, unsigned int index);

/* False: nobody is in this slot. */
bool figures_worker(struct figures_worker *ret_worker, const struct board *board, unsigned int index, int64_t now_ns);

#endif
