/* SPDX-License-Identifier: MIT */
/* What core offers to models. */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include "contract/model.h"

extern const struct brood_host_ops host_ops;

#endif
