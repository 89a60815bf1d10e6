/* SPDX-License-Identifier: MIT */
/*
 * What the path of a target means: percent-decoded, dot segments resolved (RFC 3986, 5.2.4). Pure.
 *
 * Invariant: a decoded path begins with '/', ends with its only NUL, and has no segment "." or "..", however these
 * were spelt. It may have any other byte, controls and invalid UTF-8 too, and empty segments: "//" stays.
 */
#ifndef PROTOCOL_HTTP1_URI_H
#define PROTOCOL_HTTP1_URI_H

#include <stddef.h>

/*
 * %2F is no separator, and a decoded one cannot be told from one. Who maps paths to files must not guess: it is
 * refused, or on demand read as '/' everywhere, before dot segments are resolved ("/a/..%2F.." climbs as "/a/../.."
 * does).
 */
enum http1_uri_slash {
	HTTP1_URI_REFUSE_SLASH = 0,
	HTTP1_URI_DECODE_SLASH,
};

/*
 * raw: the path as sent, without query; "" (absolute form without a path) is "/". -EINVAL: it does not begin with
 * '/', a malformed escape, a NUL (%00 too), a segment that climbs above the root, an encoded slash. -EMSGSIZE: no
 * room; size + 2 always are enough. buf is of no use after a failure.
 */
int http1_uri_path(const char *raw, size_t size, char *buf, size_t buf_size, enum http1_uri_slash slash);

/*
 * text begins with '%': the byte that this escape of three stands for, or -EINVAL; so is %00, which nobody here can
 * mean.
 */
int http1_uri_escape(const char *text, size_t size);

#endif
