/* SPDX-License-Identifier: MIT */
/* Figures as Prometheus reads them: its text format 0.0.4. Pure. */
#ifndef OBSERVE_METRICS_H
#define OBSERVE_METRICS_H

#include "base/buf.h"
#include "observe/figures.h"
#include "observe/queue_depth.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metrics_worker_state {
	METRICS_STARTING,
	METRICS_IDLE,
	METRICS_BUSY,
	METRICS_LEAVING,
	METRICS_WORKER_STATES,
};

struct metrics_listener {
	const char *url;
	struct queue_depth queue; /* not known: no sample */
};

struct metrics_service {
	const char *name, *model;
	bool ready;
	uint64_t starts;        /* of its service process */
	struct figures figures; /* counters: of all its processes so far; gauges: of those that live */
	uint64_t workers[METRICS_WORKER_STATES];
	const struct metrics_listener *listeners;
	size_t listener_count;
};

struct metrics_program {
	const char *version;
	int64_t started_ms;     /* of the supervisor, since 1970 */
	uint64_t lost_lines;    /* by the supervisor */
	uint64_t status_starts; /* of the process that answers */
};

/* All of it; text->truncated if there is not enough room. */
void metrics_write(struct buf *text, const struct metrics_program *program, const struct metrics_service *services,
	size_t count);

/* One more worker, or client in the hands of one, of a living process. */
void metrics_count_worker(struct metrics_service *service, const struct figures_worker *worker);

#endif
