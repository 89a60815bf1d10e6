/* SPDX-License-Identifier: MIT */
/*
 * Capabilities of this thread, by the system calls themselves: libc has no wrappers, and a library for three calls would
 * make each fork dearer (docs/decisions/privileges.md). Return 0 or -errno.
 */
#ifndef PLATFORM_CAPABILITY_H
#define PLATFORM_CAPABILITY_H

/* Whatever is executed from now on, none comes back. -EPERM without CAP_SETPCAP; 0 if the set is empty already. */
int capability_clear_bounding(void);

/* All sets but the bounding one. Giving up is always permitted. */
int capability_clear(void);

/* 1: there is one in effect, permitted or inheritable; 0: there is none. */
int capability_any(void);

#endif
