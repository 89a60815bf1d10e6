/* SPDX-License-Identifier: MIT */
/* The pid file: a lock that a live supervisor holds, and its pid for others to read. */
#ifndef SUPERVISE_PID_FILE_H
#define SUPERVISE_PID_FILE_H

#include "base/sentence.h"

struct pid_file {
	const char *path; /* borrowed */
	int fd;           /* -1: none */
};

/* Replaces a stale one. -EBUSY when a live process holds it, -ELOOP for a symbolic link, -EEXIST for a file that
 * is no pid file; with a sentence. path NULL: nothing to do. */
int pid_file_open(struct pid_file *pid_file, const char *path, struct sentence *why);

/* Removes it, if it is still ours. Idempotent. */
void pid_file_close(struct pid_file *pid_file);

#endif
