/* SPDX-License-Identifier: MIT */
#ifndef CLI_RIGHTS_H
#define CLI_RIGHTS_H

#include "base/sentence.h"
#include "cli/plan.h"

/* One of finish_service's steps: what the service's process may do. 0, or an exit status with a sentence. */
int rights_finish(struct plan *plan, struct plan_service *service, struct sentence *why);

#endif
