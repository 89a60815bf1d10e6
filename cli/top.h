/* SPDX-License-Identifier: MIT */
/* `brood top`: an executable of its own, since it needs libraries and brood needs none. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include "base/sentence.h"
#include "cli/keep.h"

/* Becomes brood-top with what follows `top`. Returns only with a sentence: 69 if there is none, 71. */
int top_run(char **argv, struct keep *keep, struct sentence *why);

#endif
