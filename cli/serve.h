/* SPDX-License-Identifier: MIT */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/sentence.h"
#include "cli/plan.h"
#include "cli/takeover.h"

/* Carries a plan out until told to stop; args is what it was made of, and is read again with its file. An exit status; with a
 * sentence if it failed before the supervisor began. */
int serve_plan(struct plan *plan, const struct args *args, const struct takeover *takeover, struct sentence *why);

#endif
