/* SPDX-License-Identifier: MIT */
/* Times of log lines, without taking a lock for each. */
#ifndef OBSERVE_LOG_TIME_H
#define OBSERVE_LOG_TIME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* "2026-11-21 13:22:17.123" in local time. zone: the caller's cache, 0 at first. may_ask false: as it was last known. */
void log_time_local(struct buf *buf, int64_t realtime_ns, _Atomic int64_t *zone, bool may_ask);

void log_time_learn_zone(int64_t realtime_ns, _Atomic int64_t *zone);

/* "2026-11-21T12:22:17.123Z" */
void log_time_utc(struct buf *buf, int64_t realtime_ns);

#endif
