/* SPDX-License-Identifier: MIT */
/*
 * The services of one load of the configuration, with their processes. A supervisor has one generation in office; one on
 * its way there while it reloads; and retired ones, which finish what they started. Each service is in one generation
 * only: of the same name there may be several at a time, each with a process of its own.
 */
#ifndef SUPERVISE_GENERATION_H
#define SUPERVISE_GENERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "base/sentence.h"

struct supervise_load;
struct supervise_service;
struct supervised;
struct supervisor;

enum generation_role {
	GENERATION_COMING,
	GENERATION_IN_OFFICE,
	GENERATION_RETIRED,
};

struct generation {
	struct list link; /* in supervisor.generations */
	struct supervisor *supervisor;
	enum generation_role role;
	unsigned int number;         /* 1, 2 …: loads that failed count, too */
	struct supervise_load *load; /* owned; NULL: outlives the supervisor */
	struct supervised *services;
	size_t service_count;
};

/* Coming, checked and with defaults filled in, but without listeners. 0; or -errno with a sentence: -EINVAL for what is
 * written in the configuration. Does not take the load: set it. */
int generation_new(struct supervisor *supervisor, struct supervise_service *configs, size_t count,
	struct generation **ret_generation, struct sentence *why);

/* Nothing of it runs. Closes what it still listens on. */
void generation_free(struct generation *generation);

/* From coming to in office; who was there is retired. */
void generation_take_office(struct generation *generation);

/* Its global settings (of the log) hold in this process from now on. */
void generation_apply(const struct generation *generation);

/* Whether nothing of it runs, or will. */
bool generation_is_over(const struct generation *generation);

/* Frees those that are retired and over. Between two turns of the loop, when nobody holds on to a service of them. */
void generation_free_retired(struct supervisor *supervisor);

/* The one in office of this name, or NULL. */
struct supervised *generation_find(const struct supervisor *supervisor, const char *name);

/* The service after this one (NULL: the first), of all generations; NULL behind the last. */
struct supervised *generation_next(const struct supervisor *supervisor, const struct supervised *service);

#endif
