/* SPDX-License-Identifier: MIT */
/*
 * A process forked a moment ago meets each of its pages by a fault. Those that its first client would wait for can be met
 * before it comes: the same work, but nobody waits.
 */
#ifndef PROCESS_WARM_H
#define PROCESS_WARM_H

/* The page of the stack below the caller's. */
void warm_stack(void);

/* Code, and what is mapped around it. Before Linux 5.14, or if it may not be read: nothing happens. */
void warm_code(void (*code)(void));

#endif
