/* SPDX-License-Identifier: MIT */
/* A load of services of which nothing is known but what another image told: enough to name, drain and end them. */
#ifndef SUPERVISE_HEARSAY_H
#define SUPERVISE_HEARSAY_H

#include <brood/brood.h>

#include "supervise/supervise.h"

/* Without any service yet, and with room for count of them. Copies source, which may be NULL. NULL: no memory. */
struct supervise_load *hearsay_new(size_t count, const char *source);

/* Copies the name. */
void hearsay_add(struct supervise_load *load, const struct brood_service *told);

#endif
