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
	int (*prepare)(void);   /* while all files can be seen; <0: something is missing; or NULL */
	bool word_is_directory; /* its first word is, which is there before anything is served */
};

/* Ended by a row without name. */
extern const struct handlers_row handlers_table[];

/* NULL if none of that name is linked. */
const struct brood_handler *handlers_find(const char *name);

bool handlers_wants_directory(const struct brood_handler *handler);

/* For a service whose root directory will be another one. 0, or EX_UNAVAILABLE with a sentence. */
int handlers_prepare(const struct brood_handler *handler, struct sentence *why);

/* A path, that is. */
bool handlers_is_plugin(const char *word);

/* An option of that name of any linked handler; NULL if none has one. */
const struct brood_option *handlers_find_own(const char *name);

/* Offers the options of one linked handler, or of all (NULL). */
void handlers_offer_own(struct nearest *nearest, const char *handler);

/* "echo, calc, hello, ./handler.so"; http: those that can stand behind a route. Returns text. */
#define HANDLERS_KNOWN_SIZE 160
const char *handlers_known(bool http, char text[HANDLERS_KNOWN_SIZE]);

/* "'ehco' is no handler, did you mean 'echo'?" http: one that can stand behind a route was meant. */
void handlers_refuse(const char *name, bool http, struct sentence *why);

#endif
