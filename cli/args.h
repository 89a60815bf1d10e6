/* SPDX-License-Identifier: MIT */
/* The words of `brood serve …` and `brood check …`, sorted: no value is looked at yet. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/sentence.h"
#include "cli/keep.h"
#include "cli/options.h"

struct own;

/* One option as given. */
struct arg {
	const struct option *option;
	const char *text;
	struct arg *next;
};

struct args {
	bool help;
	bool print;
	bool inetd;
	const char *config;
	const char *config_text; /* what stood in it, in place of what stands there now; or NULL */

	int inetd_fd; /* where its socket is: standard input, until taken away from there */
	const char *handler;
	struct arg *given; /* in their order */
	struct own *own;   /* what our table does not know: the handler's */
	char **command;    /* the words behind --, or NULL */
};

/* argv: what follows the name of the command, ended by NULL. check: options of `brood check` alone are known.
 * Borrows the words. 0, or an exit status with a sentence. */
int args_parse(char **argv, bool check, struct keep *keep, struct args *ret_args, struct sentence *why);

bool args_gives(const struct args *args, const struct option *option);

#endif
