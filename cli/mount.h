/* SPDX-License-Identifier: MIT */
/*
 * A handler as somebody asked for it, with its options and words: alone in its service, or one of several that are
 * mounted side by side, each at a route.
 */
#ifndef CLI_MOUNT_H
#define CLI_MOUNT_H

#include "base/sentence.h"
#include "cli/keep.h"
#include "cli/own.h"
#include "cli/plugin.h"

struct mount {
	const char *route; /* "GET /x"; NULL: it is alone */

	/* The one text that it was written in: "brood.ini:4: route", "--route". NULL: words of the command line. */
	const char *at;
	struct origin origin;

	const char *label;                   /* the handler's name, or path */
	const struct brood_handler *handler; /* linked in, or loaded; NULL: not loaded yet */
	struct plugin plugin;                /* where it is not linked in */
	struct own *own;
	void *app;
	struct mount *next;
};

/* A sentence about it as it was written. mistake: 0, or an exit status that says more than usage or configuration. */
__attribute__((format(printf, 4, 5))) int mount_refuse(
	const struct mount *mount, int mistake, struct sentence *why, const char *format, ...);

/* words: a handler's name and what stands behind it, ended by NULL, or nothing but that. Borrows them. 0, or an
 * exit status with a sentence. */
int mount_find(struct mount *mount, char **words, struct keep *keep, struct sentence *why);

/* Loads its handler.so and settles its options. 0, or an exit status with a sentence. */
int mount_load(struct mount *mount, struct keep *keep, struct sentence *why);

/* Once the handler is there: at a route it must answer HTTP requests. 0, or an exit status with a sentence. */
int mount_check(const struct mount *mount, struct sentence *why);

/* Whether the handler of any of them is not loaded yet. */
bool mount_any_pending(const struct mount *mounts);

#endif
