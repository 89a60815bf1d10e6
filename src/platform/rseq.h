/* SPDX-License-Identifier: MIT */
/*
 * glibc registers restartable sequences (rseq(2)) for every thread: from then on the kernel writes the CPU's number into
 * its thread-local storage whenever it was preempted. After a fork that is a page copied in the child and one in
 * the parent, for something that brood never asks.
 */
#ifndef PLATFORM_RSEQ_H
#define PLATFORM_RSEQ_H

/* For this thread and the children it forks. sched_getcpu(3) then asks the kernel. Does nothing where there is nothing
 * to end. */
void rseq_end(void);

#endif
