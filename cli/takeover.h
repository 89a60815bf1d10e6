/* SPDX-License-Identifier: MIT */
/* `brood serve` started by a supervisor that is being upgraded: words that nobody else writes. */
#ifndef CLI_TAKEOVER_H
#define CLI_TAKEOVER_H

#include <stdbool.h>

#include "base/sentence.h"
#include "cli/keep.h"
#include "cli/plan.h"

struct legacy;

struct takeover {
	bool check;            /* only say whether it could be done */
	struct legacy *legacy; /* what the image before us left, or NULL */
	char *const *argv;     /* all of the command line */
};

/* argv: the words behind `serve`; those that are ours are skipped. 0, or an exit status with a sentence. */
int takeover_find(char ***argv, struct keep *keep, struct takeover *ret_takeover, struct sentence *why);

/* There is no supervisor any more. */
void takeover_fini(struct takeover *takeover);

/* Answers the supervisor that asked. An exit status. */
int takeover_check(struct plan *plan, struct sentence *why);

/* It cannot be done: the image before us goes on. Returns status if there is none. */
int takeover_return(const struct takeover *takeover, int status, const struct sentence *why);

#endif
