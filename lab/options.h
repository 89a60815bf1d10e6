/* SPDX-License-Identifier: MIT */
/* The command line of brood-lab. */
#ifndef LAB_OPTIONS_H
#define LAB_OPTIONS_H

#include <stdbool.h>

#include "base/sentence.h"
#include "lab/experiment.h"

struct options {
	const struct experiment *experiment; /* NULL: the list, or all */
	bool all, json, help;
};

/* argv: what follows the command's name. 0, or EX_USAGE with a sentence. */
int options_read(char **argv, struct options *ret_options, struct sentence *why);

void options_help(void);

#endif
