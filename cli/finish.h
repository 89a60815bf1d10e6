/* SPDX-License-Identifier: MIT */
/* The last step of a plan: a service's handler is found, its own options settled, and everything must fit
 * together. */
#ifndef CLI_FINISH_H
#define CLI_FINISH_H

#include <stdbool.h>

#include "base/sentence.h"

struct keep;
struct option;
struct plan;
struct plan_service;
struct settings;

/* 0, or an exit status with a sentence. */
int finish_service(struct plan *plan, struct plan_service *service, struct sentence *why);

/* service->handler and app, unless something is not loaded yet. */
void finish_mount(struct plan_service *service, struct keep *keep);

/* False: under its model, or beside its other options, nothing of a finished service looks at this one. */
bool finish_in_effect(const struct settings *settings, const struct option *option);

#endif
