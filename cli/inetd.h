/* SPDX-License-Identifier: MIT */
/* `brood serve --inetd HANDLER`: started by somebody who listens, with a socket for standard input. */
#ifndef CLI_INETD_H
#define CLI_INETD_H

#include "cli/args.h"

/* The words fit together, and the service of args listens on standard input. 0, or an exit status with a sentence. */
int inetd_settle(struct args *args, struct keep *keep, struct sentence *why);

/* Before inetd_settle, in the process that serves: the socket gets a number of its own, and no line of ours goes to the
 * client. 0, or an exit status with a sentence. */
int inetd_take(struct args *args, struct sentence *why);

#endif
