/* SPDX-License-Identifier: MIT */
/*
 * Media types by the extension of a file's name: a small table of our own, and the grammar of mime.types(5) for
 * whoever reads such a file and has a larger one. Pure.
 */
#ifndef PROTOCOL_HTTP1_TYPES_H
#define PROTOCOL_HTTP1_TYPES_H

#include <stddef.h>

#define HTTP1_TYPES_UNKNOWN "application/octet-stream"

/* "gz" of "pub/a.tar.gz"; "" if there is none, as in "README", ".profile" and "a.d/b". Points into path. */
const char *http1_types_extension(const char *path);

/* By our own table, case-insensitive: never NULL. */
const char *http1_types_of(const char *path);

/* One extension of a type; neither ends in a NUL. Not 0: no more of this line, and that is what its reader gets. */
typedef int http1_types_fn(
	void *arg, const char *type, size_t type_size, const char *extension, size_t extension_size);

/*
 * One line, with or without its end: a type and its extensions, maybe none; # begins a comment. Each type that is
 * told is token/token, so it is safe in a header field. -EINVAL: it is not, or a control in the line; nothing is told
 * then.
 */
int http1_types_line(const char *line, size_t size, http1_types_fn *found, void *arg);

#endif
