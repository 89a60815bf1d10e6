/* SPDX-License-Identifier: MIT */
/* What the kernel lets a process and its children have: resource limits, and when they go when memory is out. */
#ifndef PROCESS_LIMITS_H
#define PROCESS_LIMITS_H

#include "base/sentence.h"

/* "nofile=1024 core=0 as=1G": names of setrlimit(2) in small letters; a number, a size (K, M, G), or "off" for no limit.
 * Soft and hard limit become the same. 0, or -EINVAL with a sentence. NULL: none. */
int limits_check(const char *text, struct sentence *why);

/* The same, and set them. Also -EPERM: beyond what this process may give itself. */
int limits_set(const char *text, struct sentence *why);

/* Be ended so much sooner than before when memory is out: this process, and those that it forks from now on. Needs no
 * rights, but /proc, and a process that has not changed its user yet. 0 or -errno. */
int limits_raise_oom_score(int by);

#endif
