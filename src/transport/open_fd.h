/* SPDX-License-Identifier: MIT */
/* Opening fd://: sockets that somebody else opened and handed to this process. */
#ifndef TRANSPORT_OPEN_FD_H
#define TRANSPORT_OPEN_FD_H

#include "transport/open_job.h"

/* 0 or -errno with a sentence; then the descriptors stay open, as they were given. */
int open_fd(struct open_job *job);

/* Nothing that was handed over to this process, used or not, is left open by a later execve(2). */
void open_fd_hold(void);

/* In a process forked from the one that they are for: its programs shall not take them for theirs. */
void open_fd_forget(void);

#endif
