/* SPDX-License-Identifier: MIT */
/* Opening fd://: sockets that somebody else opened and handed to this process. */
#ifndef TRANSPORT_OPEN_FD_H
#define TRANSPORT_OPEN_FD_H

#include <stddef.h>
#include <stdint.h>

#include "transport/open_job.h"

/* 0 or -errno with a sentence; then the descriptors stay open, as they were given. */
int open_fd(struct open_job *job);

/* What was handed over to this process by LISTEN_FDS, to be known again: when it is closed, its number is soon another's. */
struct open_fd_held {
	uint64_t *inodes; /* of the first one and those behind it; 0: it is not there any more */
	size_t count;
};

/* Nothing that was handed over to this process, used or not, is left open by a later execve(2). */
void open_fd_hold(struct open_fd_held *ret_held);

/* The same over an execve(2) of our own: this one alone, as the image before told. -EINVAL: it was never handed over. */
int open_fd_hold_again(struct open_fd_held *held, int fd);

/* The next one that is still there, behind this number (-1: the first); -1 if there is none. */
int open_fd_next(const struct open_fd_held *held, int fd);

/* Forgets them, and closes nothing. */
void open_fd_let_go(struct open_fd_held *held);

/* In a process forked from the one that they are for: its programs shall not take them for theirs. */
void open_fd_forget(void);

#endif
