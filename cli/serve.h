/* SPDX-License-Identifier: MIT */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/sentence.h"
#include "cli/plan.h"

/* Carries a plan out until told to stop. An exit status; with a sentence if it failed before the supervisor began. */
int serve_plan(struct plan *plan, struct sentence *why);

#endif
