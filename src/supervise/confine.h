/* SPDX-License-Identifier: MIT */
/* What a service process may do: less than its supervisor, from before the first line of the user's code. */
#ifndef SUPERVISE_CONFINE_H
#define SUPERVISE_CONFINE_H

#include "base/sentence.h"

struct brood_service;
struct supervised;
struct supervisor;

/* In the supervisor, before anything is opened: -EINVAL with a sentence if the wishes contradict themselves. */
int confine_check(const struct brood_service *effective, struct sentence *why);

/* In the supervisor: one line if it is root and any service shall be, too, without having said so. */
void confine_warn(const struct supervisor *supervisor);

/* In the service process, once it has its listeners: 0, or -errno with a sentence and the exit status to give up with. */
int confine_process(const struct supervised *service, int *ret_exit, struct sentence *why);

#endif
