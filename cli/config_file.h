/* SPDX-License-Identifier: MIT */
/* The configuration file: sections become services of a plan, keys become settings with their lines. */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "base/sentence.h"

struct plan;

/* text: what stands in it, or NULL: it is read. 0, or an exit status with a sentence that begins with file and line. */
int config_file_load(struct plan *plan, const char *path, const char *text, struct sentence *why);

#endif
