/* SPDX-License-Identifier: MIT */
/*
 * The access log, where requests are served: a line for each that got some of an answer. Of one that got none, and of one whose
 * worker dies, the slot says enough for the service process to tell (core/access_tell.h). Private to src/http.
 */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "core/access.h"
#include "http/http_private.h"

static inline bool http_access_is_wanted(const struct brood_http *http)
{
	return access_is_wanted(http->conn->service);
}

/* Its first byte is here. */
void http_access_begin(struct brood_http *http);

/* It can be told what was asked for: the note says it. */
void http_access_asked(struct brood_http *http);

/* What it is answered. */
void http_access_answer(struct brood_http *http);

/* The answer is over, whatever came of it; where http->out is not needed any more. */
void http_access_end(struct brood_http *http);

#endif
