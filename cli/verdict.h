/* SPDX-License-Identifier: MIT */
/* What the library says about a service, in the command's words. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "cli/plan.h"

/* 0, or an exit status with a sentence that begins with the place of an option, if it is about one. */
int verdict_check(const struct plan_service *service, struct keep *keep, struct sentence *why);

#endif
