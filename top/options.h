/* SPDX-License-Identifier: MIT */
/* The command line of brood-top. */
#ifndef TOP_OPTIONS_H
#define TOP_OPTIONS_H

#include <stdbool.h>

#include "base/sentence.h"
#include "supervise/control/control.h"

struct options {
	char control[CONTROL_PATH_SIZE];
	int interval_ms;
	bool once, help;
};

/* argv: what follows the command's name. 0, or EX_USAGE with a sentence. */
int options_read(char **argv, struct options *ret_options, struct sentence *why);

void options_help(void);

#endif
