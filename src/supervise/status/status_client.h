/* SPDX-License-Identifier: MIT */
/* One connection to --status-listen: a request comes, an answer goes, and that is all. */
#ifndef SUPERVISE_STATUS_CLIENT_H
#define SUPERVISE_STATUS_CLIENT_H

#include <stddef.h>

#include "loop/loop.h"
#include "supervise/status/status_request.h"

/* From accept to close, whatever the client does. */
#define STATUS_CLIENT_MS 5000

struct status_client;

/* Who answers. */
struct status_clerk {
	struct loop *loop;

	/* Makes a whole answer, head and body, in memory of malloc: the client's. NULL: none can be made. */
	char *(*answer)(struct status_clerk *clerk, const struct status_request *request, size_t *ret_size);

	/* The connection is closed, its struct free again. */
	void (*over)(struct status_clerk *clerk, struct status_client *client);
};

struct status_client {
	struct status_clerk *clerk;
	struct loop_source source;
	struct loop_timer deadline;
	char request[STATUS_REQUEST_MAX];
	size_t request_size;
	char *answer; /* NULL: not asked yet */
	size_t answer_size, answer_sent;
	bool in_use;
};

/* Takes fd. */
void status_client_begin(struct status_client *client, struct status_clerk *clerk, int fd);

#endif
