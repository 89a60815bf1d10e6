/* SPDX-License-Identifier: MIT */
/* What an engine cannot do for a program that is its own service process. */
#ifndef CORE_ALONE_H
#define CORE_ALONE_H

#include <brood/brood.h>
#include <stddef.h>

/* The first field of a service, as declared (size: of the caller's struct), that needs a supervisor; NULL: none. */
const char *alone_cannot(const struct brood_service *declared, size_t size);

#endif
