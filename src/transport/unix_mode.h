/* SPDX-License-Identifier: MIT */
/* Who may connect to a Unix path: the settings mode, owner and group. */
#ifndef TRANSPORT_UNIX_MODE_H
#define TRANSPORT_UNIX_MODE_H

#include <stdbool.h>
#include <sys/types.h>

#include "transport/open_job.h"

struct unix_mode {
	bool exact; /* mode was asked for; else the umask has its say */
	mode_t mode;
	uid_t owner; /* -1: as created */
	gid_t group;
};

/* 0, or -EINVAL / -ENOENT with a sentence. May ask the user database. */
int unix_mode_parse(struct open_job *job, struct unix_mode *ret_mode);

/* Before bind(2): the path never exists with more rights than it shall have. */
int unix_mode_before_bind(int fd, const struct unix_mode *mode);

/* After bind(2), before listen(2): the rest. Also tells which inode path is. */
int unix_mode_after_bind(const char *path, const struct unix_mode *mode, dev_t *ret_dev, ino_t *ret_ino);

/* Later: what was asked for. -ESTALE: path is not that inode any more. */
int unix_mode_change(const char *path, dev_t dev, ino_t ino, const struct unix_mode *mode);

#endif
