/* SPDX-License-Identifier: MIT */
/* What was seen of one server so far, summed up: from looks to figures. */
#ifndef LAB_HISTORY_H
#define LAB_HISTORY_H

#include "lab/stage.h"

#define HISTORY_CPU 8 /* looks; the last half second and some */

struct history {
	struct sample usual; /* before the load */
	struct sample sample[HISTORY_CPU];
	size_t count;                                            /* of all looks */
	int64_t processes, zombies, descriptors, queue, hanging; /* at most */
	int64_t signals_sent, signals_handled;
	bool tells_child;
};

void history_begin(struct history *history, struct sampler *sampler);

/* Fills in what of moment follows from those before it. */
void history_add(struct history *history, const struct experiment *experiment, struct stage_moment *moment);

/* All figures but those of what the server says. */
void history_tell(const struct history *history, const struct stage_moment *last, int64_t figure[FIGURE_COUNT]);

#endif
