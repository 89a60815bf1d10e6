/* SPDX-License-Identifier: MIT */
/*
 * Which fields a handler may put into its answer. Pure. What passes here cannot end a line, begin another one, or
 * change where the answer ends: a client cannot be made to read two answers where one was written.
 */
#ifndef PROTOCOL_HTTP1_FIELD_H
#define PROTOCOL_HTTP1_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* A token (RFC 9110, 5.1), and so never empty. */
bool http1_field_name_valid(const char *name, size_t size);

/*
 * No controls but tab, so no CR, LF or NUL, and no blank at either end (RFC 9110, 5.5). Empty is fine; so are bytes
 * from 0x80.
 */
bool http1_field_value_valid(const char *value, size_t size);

/*
 * Does this name belong to brood, so that a handler's is refused?
 *   Content-Length, Transfer-Encoding, Trailer            where the answer ends
 *   Connection, Keep-Alive, Proxy-Connection, TE, Upgrade what is between this connection and the next hop (7.6.1)
 *   Date                                                  one clock for all answers
 * Server is the handler's: brood sends none of its own.
 */
bool http1_field_reserved(const char *name, size_t size);

#endif
