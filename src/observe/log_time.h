/* SPDX-License-Identifier: MIT */
/* Times of log lines, without taking a lock for each. */
#ifndef OBSERVE_LOG_TIME_H
#define OBSERVE_LOG_TIME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define LOG_STAMP_SIZE 20

/* The second last written, up to its point: most lines share theirs with the one before. Of one thread; zeroed at first. */
struct log_stamp {
	int64_t seconds;
	char between;                  /* date and time; '\0': nothing written yet */
	char text[LOG_STAMP_SIZE + 1]; /* "2026-11-21 13:22:17." */
};

/* "2026-11-21 13:22:17.123" in local time. zone: the caller's cache, 0 at first. may_ask false: as it was last known. */
void log_time_local(
	struct buf *buf, int64_t realtime_ns, _Atomic int64_t *zone, bool may_ask, struct log_stamp *stamp);

void log_time_learn_zone(int64_t realtime_ns, _Atomic int64_t *zone);

/* "2026-11-21T12:22:17.123Z" */
void log_time_utc(struct buf *buf, int64_t realtime_ns, struct log_stamp *stamp);

#endif
