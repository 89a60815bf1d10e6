/* SPDX-License-Identifier: MIT */
/* A listener: a bound socket and its settings. Opened by transport/open.h, owned by core or the supervisor. */
#ifndef CONTRACT_LISTENER_H
#define CONTRACT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct transport_ops;

#define LISTENER_URL_SIZE 192

enum listener_family {
	LISTENER_TCP,
	LISTENER_UDP,
	LISTENER_UNIX,
	LISTENER_UNIXGRAM,
	LISTENER_VSOCK,
};

struct listener {
	int fd;
	enum listener_family family;
	const struct transport_ops *transport; /* stream or datagram */
	bool connected;                        /* fd:// that is a connection already: served once */
	bool shared;                           /* given to us (fd://): never unlinked, flags left alone */
	int lock_fd;                           /* held flock on PATH.lock, or -1 */
	dev_t path_dev;                        /* what we bound, to remove only that */
	ino_t path_ino;
	char path[108];              /* Unix path to remove at an orderly stop, or "" */
	int64_t empty_ns;            /* whoever accepts: when it last knew that nobody was waiting; 0: it does not */
	char url[LISTENER_URL_SIZE]; /* as bound: the kernel's port, no settings */
};

#endif
