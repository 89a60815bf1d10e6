/* SPDX-License-Identifier: MIT */
/* Resource limits of a process and of those that it forks. */
#ifndef PROCESS_RLIMITS_H
#define PROCESS_RLIMITS_H

#include "base/sentence.h"

/* "nofile=1024 core=0 as=1G": names of setrlimit(2) in small letters; a number, a size (K, M, G), or "off" for no limit.
 * Soft and hard limit become the same. 0, or -EINVAL with a sentence. NULL: none. */
int rlimits_check(const char *text, struct sentence *why);

/* The same, and set them. Also -EPERM: beyond what this process may give itself. */
int rlimits_set(const char *text, struct sentence *why);

#endif
