/* SPDX-License-Identifier: MIT */
/* One experiment from its head to its verdict: the faulty server, then brood under the same limits and load. */
#ifndef LAB_COURSE_H
#define LAB_COURSE_H

#include <limits.h>
#include <stdbool.h>

#include "lab/stage.h"
#include "lab/verdict.h"

#define COURSE_COMMAND 256

struct course_result {
	const struct experiment *experiment;
	struct stage_outcome outcome[STAGE_CASTS];
	struct verdict verdict;
	char command[COURSE_COMMAND]; /* how brood was started */
};

struct course {
	char directory[PATH_MAX / 2]; /* that of brood-lab: lab/NAME is in it */
	char brood[PATH_MAX];         /* the command */
	bool quiet;                   /* show nothing meanwhile */
	bool (*interrupted)(void *arg);
	void *arg;
};

/* Finds the directory and the command. 0 or -ENOENT with a sentence. */
int course_find(struct course *course, struct sentence *why);

/* Fills in *ret_result in any case. After an interruption it means nothing. */
void course_run(const struct course *course, const struct experiment *experiment, struct course_result *ret_result);

#endif
