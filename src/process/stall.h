/* SPDX-License-Identifier: MIT */
/*
 * Finds a process that computes and computes and never waits for anything, without its cooperation: by its CPU clock,
 * and by how often the kernel saw it wait (docs/decisions/stuck-workers.md).
 */
#ifndef PROCESS_STALL_H
#define PROCESS_STALL_H

#include <stdint.h>
#include <sys/types.h>

/* What is remembered of a process; zero is a fine beginning, and another pid begins anew. */
struct stall {
	pid_t pid;
	int64_t looked_ns; /* CPU of the process at the last look at /proc */
	int64_t began_ns;  /* CPU of its first thread when it was last seen to have waited */
	uint64_t waits;    /* of that thread, by then */
	uint64_t progress; /* by then */
};

/* 1: since it last waited, and progress last changed, it has used limit_ns of CPU, or up to a twelfth more; 0: it
 * has not; -errno: /proc does not tell. pid: a child of the caller, not reaped. Two system calls, as long as
 * it uses little CPU. */
int stall_look(struct stall *stall, pid_t pid, uint64_t progress, int64_t limit_ns);

#endif
