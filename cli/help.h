/* SPDX-License-Identifier: MIT */
/* What --help prints, on standard output, in 80 columns. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <brood/brood.h>
#include <stdbool.h>

void help_commands(void);
void help_serve(void);
void help_check(void);

/* `brood serve HANDLER --help`. */
void help_handler(const char *name, const struct brood_handler *handler);

#endif
