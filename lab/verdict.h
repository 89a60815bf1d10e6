/* SPDX-License-Identifier: MIT */
/* What an experiment has shown: whether the mistake was seen, and whether brood is free of it. Pure. */
#ifndef LAB_VERDICT_H
#define LAB_VERDICT_H

#include <stdbool.h>

#include "lab/stage.h"

struct verdict {
	bool seen;  /* in the faulty server */
	bool clean; /* brood: none of the symptoms, and everybody was served */
	struct sentence about[STAGE_CASTS];
};

void verdict_find(const struct experiment *experiment, const struct stage_outcome outcome[STAGE_CASTS],
	struct verdict *ret_verdict);

/* How many of an experiment's symptoms there are. */
size_t verdict_symptoms(const struct experiment *experiment);

#endif
