/* SPDX-License-Identifier: MIT */
/*
 * One child, held by descriptor: no SIGCHLD, no pid-reuse race, invisible to anybody's waitpid(-1).
 * Measured limits of clone3(2) with exit_signal 0: execve restores SIGCHLD; a raw clone3 in a threaded process
 * hangs its child in malloc, so there (and where clone3 is denied) children come from fork + pidfd_open.
 */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int pidfd;
};

struct child_exit {
	int code;   /* CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: unknown (somebody else reaped it) */
	int status; /* exit status or signal */
	struct rusage usage;
};

/* 0 in the child, 1 in the parent with *ret_child filled in, or -errno (-EAGAIN, -ENOMEM). In the child all signal
 * handlers are back at their defaults. plain: never clone3 (the caller may be threaded). */
int child_spawn(bool plain, struct child *ret_child);

/* 0 when it has ended (and is reaped), -EAGAIN while it lives. */
int child_reap(const struct child *child, struct child_exit *ret_exit);

int child_signal(const struct child *child, int signal); /* 0 or -errno; -ESRCH once ended */
void child_close(struct child *child);                   /* the descriptor; sets pidfd to -1 */

/* In a child: die with the parent. Compares getppid after arming, so that no death is missed.
 * 0, or -ECHILD if the parent is already gone. */
int child_die_with_parent(pid_t parent, int signal);

/* "exit 3", "signal 11 (SEGV)" into text. */
const char *child_exit_text(const struct child_exit *ended, char *text, size_t size);

#endif
