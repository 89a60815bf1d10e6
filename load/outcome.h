/* SPDX-License-Identifier: MIT */
/*
 * What one process of the load has seen. In memory shared with its parent, which looks at the counters while they
 * grow, and at the rest when the process has ended. One writer.
 */
#ifndef LOAD_OUTCOME_H
#define LOAD_OUTCOME_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/sentence.h"
#include "load/latencies.h"

enum outcome_error {
	OUTCOME_CONNECT, /* no connection, for another reason than the next */
	OUTCOME_REFUSED, /* nobody listens there */
	OUTCOME_RESET,   /* ended by the server at once, with what was under way */
	OUTCOME_CLOSED,  /* ended by the server before the answer was complete */
	OUTCOME_TIMEOUT,
	OUTCOME_ANSWER, /* not the one that was asked for; HTTP: none, or a status from 400 on */
	OUTCOME_ERRORS,
};

struct outcome {
	_Atomic uint64_t requests; /* answered */
	_Atomic uint64_t in_time;  /* of those, before the time was over */
	_Atomic uint64_t connections, open;
	_Atomic uint64_t bytes_in, bytes_out;
	_Atomic uint64_t errors[OUTCOME_ERRORS];
	_Atomic uint64_t aborted;
	_Atomic uint64_t unfinished; /* under way when nobody waited any longer */
	int connect_error;           /* errno of the last one */
	int64_t ended_ns;            /* when the last one was answered, or the time was over */
	struct latencies latencies;
	struct sentence trouble; /* why this process could not do its part, or "" */
};

static inline uint64_t outcome_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void outcome_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, outcome_read(counter) + n, memory_order_relaxed);
}

/* Adds one process's outcome to the sum of others; of ends, the last. */
void outcome_merge(struct outcome *sum, const struct outcome *more);

uint64_t outcome_errors(const struct outcome *outcome);

/* "connect" … "answer": as JSON says it. */
const char *outcome_error_name(enum outcome_error error);

#endif
