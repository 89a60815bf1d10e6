/* SPDX-License-Identifier: MIT */
/* Words of HTTP's grammar (RFC 9110, 5.6.2): ASCII by table, whatever the locale. Pure; for the other http1 files. */
#ifndef PROTOCOL_HTTP1_TOKEN_H
#define PROTOCOL_HTTP1_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes at the beginning of text a token may have: 0 if there is none. */
size_t http1_token_size(const char *text, size_t size);

/* How many blanks (space, tab) text begins with. */
size_t http1_token_blanks(const char *text, size_t size);

/* Case-insensitive; no token in a protocol means anything else in capitals. */
bool http1_token_is(const char *text, size_t size, const char *word);

#endif
