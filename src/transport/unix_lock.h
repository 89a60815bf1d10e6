/* SPDX-License-Identifier: MIT */
/* PATH.lock: who may replace, bind and remove a Unix path. */
#ifndef TRANSPORT_UNIX_LOCK_H
#define TRANSPORT_UNIX_LOCK_H

/* A descriptor that holds the lock, -EADDRINUSE if another server holds it, -ELOOP, -EACCES, … */
int unix_lock_take(const char *path);

/* Remove the lock file and let go. Only by the one who decided to end: processes forked meanwhile share the lock,
 * and one that merely closes its copy must leave it alone. */
void unix_lock_give_back(const char *path, int lock_fd);

#endif
