/* SPDX-License-Identifier: MIT */
/* Several handlers in one service, each for a part of its paths: `--route '/static/ files /srv'`. */
#ifndef CLI_ROUTES_H
#define CLI_ROUTES_H

#include "base/sentence.h"

struct keep;
struct plan;
struct plan_service;

#define ROUTES_LABEL  "http" /* what such a service is called if nobody says */
#define ROUTES_LISTEN "tcp://127.0.0.1:8888"

/* service->mounts, from what was given as `route`, which is something. 0, or an exit status with a sentence. */
int routes_read(struct plan *plan, struct plan_service *service, struct sentence *why);

/* Once all of them are settled: service->app. */
void routes_mount(struct plan_service *service, struct keep *keep);

#endif
