/* SPDX-License-Identifier: MIT */
/* A handler of the user's: ./handler.so[:SYMBOL], loaded by dlopen(3) in the process that serves it. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include <brood/brood.h>

#include "base/sentence.h"
#include "cli/keep.h"

#define PLUGIN_SYMBOL "brood_handler"

struct plugin {
	const char *path;   /* from the root: it is found whatever the working directory becomes */
	const char *inside; /* how its process calls it, behind a chroot; or NULL */
	const char *symbol;
};

/* "./handler.so:other" → its path and symbol. 0, or an exit status with a sentence: there must be a file to read. */
int plugin_locate(const char *word, struct keep *keep, struct plugin *ret_plugin, struct sentence *why);

/* Loads it for good: runs its constructors, so never in the supervisor. 0, or an exit status with a sentence. */
int plugin_load(const struct plugin *plugin, const struct brood_handler **ret_handler, struct sentence *why);

#endif
