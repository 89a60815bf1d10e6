/* SPDX-License-Identifier: MIT */
/* What core offers to models with standing workers. */
#ifndef CORE_STANDING_HOST_H
#define CORE_STANDING_HOST_H

#include "contract/standing_host.h"

extern const struct standing_host_ops standing_host_ops;

#endif
