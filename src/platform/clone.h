/* SPDX-License-Identifier: MIT */
/* System calls around processes that the C library of Debian 12 does not wrap. Return 0/positive or -errno. */
#ifndef PLATFORM_CLONE_H
#define PLATFORM_CLONE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* clone3(CLONE_PIDFD | CLONE_CLEAR_SIGHAND) with exit_signal 0. 0 in the child, the pid in the parent with
 * *ret_pidfd (close-on-exec). Only for single-threaded processes: no atfork handler runs. */
pid_t clone_process(int *ret_pidfd);

/* clone(CLONE_FILES | CLONE_PARENT): a sibling that shares our table of descriptors; our parent is its parent, and gets the
 * same exit signal as for us. The pid, 0 in the child. Only for single-threaded processes. */
pid_t clone_sibling_sharing_files(void);

/* A descriptor of another process's, duplicated: needs what ptrace(2) needs. */
int clone_pidfd_getfd(int pidfd, int fd);

/* False once a second thread was ever started in this process. */
bool clone_single_threaded(void);

int clone_pidfd_open(pid_t pid);
int clone_pidfd_signal(int pidfd, int signal);

/* waitid(P_PIDFD, …, WEXITED | WNOHANG | __WALL) with the rusage that the wrapper hides. 1: reaped; 0: still alive. */
int clone_pidfd_wait(int pidfd, siginfo_t *ret_info, struct rusage *ret_usage);

/* Close every descriptor from first to last; quietly nothing if first > last. */
int clone_close_range(unsigned int first, unsigned int last);

#endif
