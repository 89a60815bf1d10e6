/* SPDX-License-Identifier: MIT */
/* Where the load goes: a URL made an address, once, before the first client. */
#ifndef LOAD_TARGET_H
#define LOAD_TARGET_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "protocol/url.h"

#define TARGET_HOST_SIZE (URL_HOST_MAX + 16)
#define TARGET_PATH_SIZE 4096

struct target {
	enum url_scheme scheme;
	bool http;
	int type; /* of its sockets: SOCK_STREAM or SOCK_DGRAM */
	struct sockaddr_storage address;
	socklen_t address_size;
	char host[TARGET_HOST_SIZE]; /* HTTP: as the field Host has it */
	char path[TARGET_PATH_SIZE]; /* HTTP: from its '/' on */
};

/* text: a URL. 0; EX_USAGE: not such a one; EX_NOHOST: its host has no address. With a sentence. */
int target_find(const char *text, struct target *ret_target, struct sentence *why);

/* GET its path. keep: another request may follow on the connection. */
void target_put_request(const struct target *target, bool keep, struct buf *request);

#endif
