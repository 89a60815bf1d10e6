/* SPDX-License-Identifier: MIT */
/* The last step of a plan: a service's handler is found, its own options settled, and everything must fit
 * together. */
#ifndef CLI_FINISH_H
#define CLI_FINISH_H

#include "base/sentence.h"

struct plan;
struct plan_service;

/* 0, or an exit status with a sentence. */
int finish_service(struct plan *plan, struct plan_service *service, struct sentence *why);

#endif
