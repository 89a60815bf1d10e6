/* SPDX-License-Identifier: MIT */
/* Opening unix: and unixgram:, and removing their paths again. */
#ifndef TRANSPORT_OPEN_UNIX_H
#define TRANSPORT_OPEN_UNIX_H

#include "transport/open_job.h"

/* 0 or -errno with a sentence; nothing is left behind then. */
int open_unix(struct open_job *job);

/* Remove the path if it is still the one that was bound, and give the lock back. Idempotent. While the socket is
 * open: its inode number cannot be anybody else's then. */
void open_unix_remove(struct listener *listener);

#endif
