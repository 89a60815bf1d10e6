/* SPDX-License-Identifier: MIT */
/* The one table of verbs of the control socket: read by `brood ctl` to check and list them, by the supervisor to obey. */
#ifndef SUPERVISE_CONTROL_VERBS_H
#define SUPERVISE_CONTROL_VERBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sentence.h"
#include "supervise/control/show.h"

struct supervisor;
struct verb_reply;

#define CONTROL_WORDS_MAX 4 /* of a request: verb and arguments, without --json */

struct control_verb {
	const char *name; /* NULL ends the table */
	const char *arguments;
	const char *help;
	size_t least, most; /* how many arguments */
	bool of_service;    /* the first argument, if there is one, names a service */

	/* One of the two. arguments: ended by NULL, checked by check. */
	show_fn *show;
	void (*obey)(struct supervisor *supervisor, char **arguments, struct verb_reply *reply);

	/* Whether the arguments make sense at all; NULL: they do. -EINVAL and a sentence. Pure. */
	int (*check)(char **arguments, struct sentence *why);
};

extern const struct control_verb control_verbs_table[];

struct control_request {
	const struct control_verb *verb;
	bool json;
	char *word[CONTROL_WORDS_MAX + 1]; /* the arguments, ended by NULL. Borrowed */
};

/* words: verb and arguments, ended by NULL, --json anywhere. 0, or -EINVAL and a sentence with the nearest right spelling. */
int control_verbs_parse(char **words, struct control_request *ret_request, struct sentence *why);

#endif
