/* SPDX-License-Identifier: MIT */
/* Opening and closing listeners: from a URL to a bound socket. May block briefly (name resolution of host names). */
#ifndef TRANSPORT_OPEN_H
#define TRANSPORT_OPEN_H

#include "base/sentence.h"
#include "contract/listener.h"
#include "contract/transport.h"

struct open_options {
	int backlog; /* 0: 4096 */
	int workers; /* that accept: what reuseport=on means. 0: 1 */
};

/* One URL opens one listener, or two (tcp://:80 where the kernel forbids one for both families, names that resolve to
 * several addresses), or for each address as many as its setting reuseport says, next to each other: at most max of them in ret_listeners. 0 or -errno (-EADDRINUSE, -EACCES, -EINVAL, …)
 * with a sentence that quotes the URL; nothing is left open then. */
int open_listeners(const char *url, const struct open_options *options, struct listener *ret_listeners, size_t max,
	size_t *ret_count, struct sentence *why);

/* A listener that is open, under a URL that differs in its settings: they are checked; with apply, they hold from now on (mode,
 * owner and group of a path, as far as they are given). 0, or -errno with a sentence. */
int open_change(const struct listener *listener, const char *url, bool apply, struct sentence *why);

/* orderly: also removes a Unix path, if it is still the one we bound. Idempotent; sets fd to -1. */
void open_close(struct listener *listener, bool orderly);

/* Removes a Unix path (if still ours) and keeps the socket open: the first step of a drain. */
void open_unlink(struct listener *listener);

extern const struct transport_ops transport_stream;
extern const struct transport_ops transport_datagram;

#endif
