/* SPDX-License-Identifier: MIT */
/*
 * A handler's own options (`--stamp` of echo): the command collects what its table does not know, and settles it
 * once the handler, and so its struct brood_option table, is there. For a handler of the user's that is in the
 * service process.
 */
#ifndef CLI_OWN_H
#define CLI_OWN_H

#include <brood/brood.h>

#include "base/sentence.h"
#include "cli/keep.h"
#include "cli/settings.h"

struct own {
	const char *name;  /* without dashes */
	const char *value; /* NULL: none was given with it */
	bool guessed;      /* value is the next word, and may not have been meant as one */
	struct origin origin;
	struct own *next;
};

/* Appends; borrows the texts. */
void own_add(struct own **list, const struct own *own, struct keep *keep);

const struct brood_option *own_find(const struct brood_handler *handler, const char *name);

/* What the handler gets as `app`: options_size zeroed bytes with every given value in its place; NULL if it
 * has no options. 0, or an exit status with a sentence. */
int own_settle(const struct own *list, const struct brood_handler *handler, const char *handler_name,
	struct keep *keep, void **ret_app, struct sentence *why);

/* The effective value as text, and in *ret_origin where it comes from. */
const char *own_text(const struct own *list, const struct brood_option *option, struct origin *ret_origin);

#endif
