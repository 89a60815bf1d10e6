/* SPDX-License-Identifier: MIT */
/* A question to a running brood, over its control socket. */
#ifndef TOP_ASK_H
#define TOP_ASK_H

#include "base/sentence.h"

/* In memory of malloc, NUL-terminated, what is said after "ok". 0; or an exit status as brood ctl has it (1 refused or
 * failed, 69 nobody there) with a sentence. Waits for two seconds at most. */
int ask(const char *path, const char *question, char **ret_answer, struct sentence *why);

#endif
