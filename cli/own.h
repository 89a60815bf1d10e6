/* SPDX-License-Identifier: MIT */
/*
 * A handler's own options (`--stamp` of echo) and words (DIR of files): the command collects what its table does
 * not know, and settles it once the handler, and so its struct brood_option table, is there. For a handler of the
 * user's that is in the service process.
 */
#ifndef CLI_OWN_H
#define CLI_OWN_H

#include <brood/brood.h>

#include "base/sentence.h"
#include "cli/keep.h"
#include "cli/settings.h"

struct mount;

struct own {
	const char *name;  /* without dashes; NULL: value is a word that stood alone */
	const char *value; /* NULL: none was given with it */
	bool guessed;      /* value is the next word, and may not have been meant as one */
	const char *at;    /* "brood.ini:4: route": it stood in that text, as on a command line; NULL: it did not */
	struct origin origin;
	struct own *next;
};

/* Appends; borrows the texts. */
void own_add(struct own **list, const struct own *own, struct keep *keep);

const struct brood_option *own_find(const struct brood_handler *handler, const char *name);

/* Whether next, the word behind --name, is its value. option: NULL if the handler has none of that name. plugin:
 * nobody knows yet; it counts as one unless it looks like an option. */
bool own_takes_next(const struct brood_option *option, bool plugin, const char *next);

/* The words behind a handler's name, ended by NULL, as mount->own. Borrows them. */
void own_read(struct mount *mount, char **words, struct keep *keep);

/* "brood.ini:9: unknown key, did you mean …?" mount: whose it was meant to be; NULL: of none, the service has
 * routes. */
int own_refuse(const struct own *own, const struct mount *mount, struct sentence *why);

/* mount->app, from mount->own: options_size zeroed bytes with every given value in its place; NULL if the
 * handler has no options. 0, or an exit status with a sentence. */
int own_settle(struct mount *mount, struct keep *keep, struct sentence *why);

/* The n-th word that its handler takes; NULL: it takes fewer. */
const struct brood_option *own_word(const struct brood_handler *handler, unsigned int n);

/* The effective value as text, and in *ret_origin where it comes from. */
const char *own_text(const struct own *list, const struct brood_option *option, struct origin *ret_origin);

#endif
