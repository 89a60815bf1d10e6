/* SPDX-License-Identifier: MIT */
/* What a service's URLs ask of its model. */
#ifndef CORE_CONFIG_LISTEN_H
#define CORE_CONFIG_LISTEN_H

#include "base/sentence.h"

struct brood_service;

/* Of an effective service but for this. 0 or -EINVAL with a sentence. Pure. */
int config_listen_check(const struct brood_service *service, struct sentence *why);

#endif
