/* SPDX-License-Identifier: MIT */
/* Whether the options of a service make sense beside each other. */
#ifndef CLI_SENSE_H
#define CLI_SENSE_H

#include "cli/plan.h"

/* 0, or an exit status with a sentence that begins with the place of one of them. */
int sense_check(const struct plan_service *service, struct keep *keep, struct sentence *why);

#endif
