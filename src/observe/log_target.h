/* SPDX-License-Identifier: MIT */
/* The descriptor behind a log: what it is, and writing to it at once or not at all. */
#ifndef OBSERVE_LOG_TARGET_H
#define OBSERVE_LOG_TARGET_H

#include "observe/log.h"

/* A descriptor of our own for what is written to shared (stderr): 0 with both filled in, or -errno. */
int log_target_share(int shared, int *ret_fd, enum log_target *ret_target);

/* Open path. -ENXIO: a FIFO that nobody reads. -EOPNOTSUPP: not a place for lines. */
int log_target_open(const char *path, int *ret_fd, enum log_target *ret_target);

/* What an open descriptor is; -EISDIR, or another -errno. */
int log_target_kind(int fd, enum log_target *ret_target);

/* Bytes taken or -errno; -EAGAIN instead of waiting, -EPIPE instead of a SIGPIPE. */
ssize_t log_target_write(int fd, enum log_target target, const char *data, size_t size);

#endif
