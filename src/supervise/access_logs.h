/* SPDX-License-Identifier: MIT */
/* Files of access logs: opened by the supervisor, one for each service of a generation that has one, and handed down. */
#ifndef SUPERVISE_ACCESS_LOGS_H
#define SUPERVISE_ACCESS_LOGS_H

#include <stdbool.h>

#include "base/sentence.h"

struct supervised;
struct supervisor;

/* 0, or an exit status with a sentence. Idempotent. */
int access_logs_open(struct supervised *service, struct sentence *why);

/* Ours only; the service process has its own. Idempotent. */
void access_logs_close(struct supervised *service);

/* Whether there are any that can be opened anew. */
bool access_logs_exist(const struct supervisor *supervisor);

/* All of them anew, after rotation: their service processes are told, and answer (verbs_reopened). 0, or -errno with a sentence
 * about one that stays as it is. */
int access_logs_reopen(struct supervisor *supervisor, struct sentence *why);

#endif
