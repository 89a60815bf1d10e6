/* SPDX-License-Identifier: MIT */
/*
 * How long a client waited in the kernel's queue, and whether that was too long: who waited that long has probably left, and
 * serving it would make the next ones wait as well. TCP tells (tcp_info, right after accept: nothing was sent yet, so
 * "since the last data was sent" counts from the handshake). Elsewhere an upper bound is known: the time since the queue was
 * last empty. A queue that has not been empty for too long is as bad as a wait, and refusing those in it empties it. Pure.
 */
#ifndef LIMITS_QUEUE_WAIT_H
#define LIMITS_QUEUE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct queue_wait {
	int64_t us;   /* -1: nobody knows */
	bool at_most; /* … or less */
};

#define QUEUE_WAIT_UNKNOWN ((struct queue_wait){ .us = -1 })

/* From tcpi_last_data_sent. What no socket of ours can have waited (a day) is nonsense, and unknown. */
struct queue_wait queue_wait_tcp(uint32_t last_data_sent_ms);

/* From the last time at which nobody was waiting. */
struct queue_wait queue_wait_since(int64_t empty_ns, int64_t now_ns);

/* timeout_ms <= 0: no bound. */
bool queue_wait_exceeds(const struct queue_wait *wait, int timeout_ms);

/* As a record has it: half an hour is as good as more. */
static inline int32_t queue_wait_bounded_us(const struct queue_wait *wait)
{
	return wait->us < INT32_MAX ? (int32_t)wait->us : INT32_MAX;
}

#endif
