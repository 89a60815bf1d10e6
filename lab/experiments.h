/* SPDX-License-Identifier: MIT */
/* All experiments. */
#ifndef LAB_EXPERIMENTS_H
#define LAB_EXPERIMENTS_H

#include <stddef.h>

#include "lab/experiment.h"

/* NULL behind the last one, in the order of the course. */
const struct experiment *experiments_get(size_t number);
const struct experiment *experiments_find(const char *name); /* or NULL */

/* Of its server: lab/PROGRAM, and its source lab/servers/PROGRAM.c. */
const char *experiments_program(const struct experiment *experiment);

/* The rows themselves, each list ended by one without a name. */
extern const struct experiment experiments_documents[], experiments_beyond[];

#endif
