/* SPDX-License-Identifier: MIT */
/* Listeners of one plan that are in each other's way. */
#ifndef CLI_CLASH_H
#define CLI_CLASH_H

#include "base/sentence.h"

struct plan;

/* Among all services, when each is finished. 0, or an exit status with a sentence that names both places. */
int clash_check(const struct plan *plan, struct sentence *why);

#endif
