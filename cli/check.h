/* SPDX-License-Identifier: MIT */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include <stdbool.h>

#include "base/sentence.h"
#include "cli/plan.h"

/* What is left to check once there is a plan, and what it says on standard output. 0, or an exit status with a
 * sentence. */
int check_plan(struct plan *plan, bool print, struct sentence *why);

#endif
