/* SPDX-License-Identifier: MIT */
/* Entity tags and the lists of If-Match, If-None-Match, If-Range (RFC 9110, 8.8.3 and 13.1). Pure. */
#ifndef PROTOCOL_HTTP1_ETAG_H
#define PROTOCOL_HTTP1_ETAG_H

#include <stdbool.h>
#include <stddef.h>

enum http1_etag_comparison {
	HTTP1_ETAG_STRONG = 0, /* If-Match, If-Range: the same, and neither weak */
	HTTP1_ETAG_WEAK,       /* If-None-Match: the same but for W/ */
};

/* Exactly one tag: "…" or W/"…". If-Range has either this or a date. */
bool http1_etag_valid(const char *text, size_t size);

/*
 * Does a list (*, or "a", W/"b", …; elements may be empty) name etag? etag: what the representation has, as it is
 * sent; "" if it has none, which only * matches; NULL: there is no representation, and nothing matches. A malformed
 * list matches nothing, also if a tag before the fault would. Of several lines of the field any may match.
 */
bool http1_etag_match(const char *list, size_t size, const char *etag, enum http1_etag_comparison comparison);

#endif
