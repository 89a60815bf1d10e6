/* SPDX-License-Identifier: MIT */
/*
 * What `brood serve …` is going to do, put together from the command line, a file and the environment, and checked:
 * `serve` carries it out, `check` prints it.
 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "base/sentence.h"
#include "cli/args.h"
#include "cli/keep.h"
#include "cli/mount.h"
#include "cli/settings.h"

#define PLAN_SERVICES_MAX 64

struct plan_service {
	struct settings settings;
	struct own *own;      /* what our table does not know, outside of any route */
	struct origin origin; /* of its section */

	struct mount *mounts;                /* its one handler, or one for each route */
	const char *label;                   /* what it serves, in a word */
	const struct brood_handler *handler; /* that one, or the router; NULL: not loaded yet */
	void *app;                           /* NULL as long as anything is not loaded yet */
	struct keep entered;                 /* in its service process: what is read there, as long as that lives */
};

struct plan {
	struct keep *keep;
	struct settings settings; /* of all services */
	struct plan_service *service[PLAN_SERVICES_MAX];
	size_t count;
	const char *config; /* the file, or NULL */
	const char *source; /* its text, or NULL */
	bool demo;          /* the demonstration set: nobody asked for anything in particular */
};

/* Borrows args and what it borrows. 0, or an exit status with a sentence. */
int plan_make(const struct args *args, struct keep *keep, struct plan *ret_plan, struct sentence *why);

/* One more service, with nothing set. There must be room for it. Borrows name. */
struct plan_service *plan_add(struct plan *plan, const char *name, struct origin origin);

/* Where it listens if nobody says; NULL: nowhere. */
const char *plan_default_listen(const struct plan_service *service);

/* The URLs a service listens on, separated by blanks, as struct brood_service has them. */
const char *plan_listen(const struct plan_service *service, struct keep *keep);

#endif
