/* SPDX-License-Identifier: MIT */
/* What happens, as lines of text: for pipes, files, and terminals that cannot draw. */
#ifndef LAB_PLAIN_H
#define LAB_PLAIN_H

#include "lab/stage.h"

struct plain {
	bool has_head;
	int64_t shown_ms[STAGE_CASTS]; /* of the last line */
	bool has_end[STAGE_CASTS];     /* it was said that the server has ended */
};

/* A line, if it is time for one. */
void plain_show(struct plain *plain, enum stage_cast cast, const struct stage_moment *moment);

#endif
