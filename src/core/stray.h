/* SPDX-License-Identifier: MIT */
/*
 * In a standing worker: whether its handler called fork(3). A child that returns from the handler must not go on as if it
 * were the worker, and one that lives on holds the client's socket, so that closing ours does not end the connection. Told by
 * libc at each fork, so those who do not fork pay nothing, where asking for our pid costs a quarter of a microsecond.
 */
#ifndef CORE_STRAY_H
#define CORE_STRAY_H

#include <stdbool.h>

int stray_watch(void);       /* once, in the worker or a parent of it. 0 or -errno */
void stray_begin(void);      /* a new client: nobody else has its socket. We are who we should be */
bool stray_was_forked(void); /* since stray_begin */
bool stray_is_child(void);   /* this is the child of such a fork */

#endif
