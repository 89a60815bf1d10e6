/* SPDX-License-Identifier: MIT */
/* `brood ctl VERB`: asks a running brood, through its control socket. */
#ifndef CLI_CTL_H
#define CLI_CTL_H

#include "base/sentence.h"
#include "cli/keep.h"

/* argv: what follows `ctl`, ended by NULL. 0; 64 usage, 69 nobody there, 1 refused or failed, each with a sentence. */
int ctl_run(char **argv, struct keep *keep, struct sentence *why);

#endif
