/* SPDX-License-Identifier: MIT */
/* Status codes: the registry's names, and what a code says of its answer's framing. Pure. */
#ifndef PROTOCOL_HTTP1_STATUS_H
#define PROTOCOL_HTTP1_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* 100 … 599 (RFC 9110, 15): others are never written to a client. */
bool http1_status_valid(unsigned int status);

/*
 * false: 1xx, 204, 304, which end with their head whatever its fields say (RFC 9112, 6.3). 205 is framed, though
 * empty.
 */
bool http1_status_has_body(unsigned int status);

/* "Not Found"; "" for what is not registered: a status line may end after its code and a space (RFC 9112, 4). */
const char *http1_status_reason(unsigned int status);

/* "HTTP/1.1 404 Not Found", without CRLF; NULL for what is not registered. */
const char *http1_status_line(unsigned int status, size_t *ret_size);

#endif
