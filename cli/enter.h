/* SPDX-License-Identifier: MIT */
/* The first thing a service process does: what the command line says about its process, then its handler.so. */
#ifndef CLI_ENTER_H
#define CLI_ENTER_H

#include <stdbool.h>

#include "cli/plan.h"
#include "supervise/supervise.h"

/* Whether there is anything to do. */
bool enter_needed(const struct plan_service *service);

/* The open call of struct supervise_service; open_arg is the struct plan_service. */
int enter_service(struct supervise_service *self, int *ret_exit, struct sentence *why);

/* Loads service's handlers that are not linked in, and settles their options. Also for `check`, whose process is
 * as good for it. 0, or an exit status with a sentence. */
int enter_load(struct plan_service *service, struct keep *keep, struct sentence *why);

#endif
