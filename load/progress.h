/* SPDX-License-Identifier: MIT */
/* One line on a terminal, rewritten while the load works. Nothing where there is none. */
#ifndef LOAD_PROGRESS_H
#define LOAD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "load/outcome.h"

#define PROGRESS_INTERVAL_MS 250

struct progress {
	bool shown; /* somebody can see it */
	int64_t start_ns, last_ns;
	uint64_t last_requests;
};

void progress_init(struct progress *progress, int64_t start_ns);
void progress_show(struct progress *progress, const struct outcome *sum, int64_t now_ns);

/* Takes the line away again. */
void progress_fini(struct progress *progress);

#endif
