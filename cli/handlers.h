/* SPDX-License-Identifier: MIT */
/* Which handlers there are: those linked into the command, and any ./handler.so[:SYMBOL]. */
#ifndef CLI_HANDLERS_H
#define CLI_HANDLERS_H

#include <brood/brood.h>
#include <stdbool.h>

#include "base/sentence.h"

struct nearest;

struct handlers_row {
	const char *name;
	const struct brood_handler *handler;
	int (*prepare)(void); /* while all files can be seen; <0: something is missing; or NULL */
};

/* Ended by a row without name. */
extern const struct handlers_row handlers_table[];

/* NULL if none of that name is linked. */
const struct brood_handler *handlers_find(const char *name);

/* For a service whose root directory will be another one. 0, or EX_UNAVAILABLE with a sentence. */
int handlers_prepare(const struct brood_handler *handler, struct sentence *why);

/* A path, that is. */
bool handlers_is_plugin(const char *word);

/* An option of that name of any linked handler; NULL if none has one. */
const struct brood_option *handlers_find_own(const char *name);

/* Offers the options of one linked handler, or of all (NULL). */
void handlers_offer_own(struct nearest *nearest, const char *handler);

/* "'ehco' is no handler, did you mean 'echo'?" */
void handlers_refuse(const char *name, struct sentence *why);

#endif
