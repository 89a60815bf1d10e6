/* SPDX-License-Identifier: MIT */
/*
 * Lines of the access log on their way from whoever served the request. In the worker; what the service process does with them,
 * and which it adds, is core/access_tell.h. A worker that is no process of its own writes them itself; a forked one leaves them on its
 * page (contract/line_spool.h), a standing one in its ring (contract/line_ring.h): a line that a child writes costs more than
 * the request.
 */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/line_spool.h"
#include "core/service.h"

struct brood_conn;
struct log;

/* Bytes before and behind a line that are free to be written to. */
#define ACCESS_MARGIN sizeof(struct line_head)

static inline bool access_is_wanted(const struct service *service)
{
	return service->access_format != ACCESS_NONE;
}

/* Where the lines go in the end. */
struct log *access_target(const struct service *service);

/* The line of the request in hand, which needs no other from now on. Waits ACCESS_ROOM_MS at most. */
void access_put(struct brood_conn *conn, char *line, size_t size);

/* Its client is silent, and may be so for long: lines that wait for its end are written now. */
void access_catch_up(struct brood_conn *conn);

#endif
