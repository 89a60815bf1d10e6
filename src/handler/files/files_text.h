/* SPDX-License-Identifier: MIT */
/* Names of files as texts of others: of a URL, of a page. A file's name may hold any byte but '/' and NUL. */
#ifndef FILES_TEXT_H
#define FILES_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What becomes of each byte, at most, and the NUL. */
#define FILES_TEXT_URL(size)  (3 * (size) + 1)
#define FILES_TEXT_HTML(size) (6 * (size) + 1)

/* Percent-encodes all but what RFC 3986 calls unreserved, and '/'. Returns where its NUL is. */
char *files_text_url(const char *path, char *out);

/* Escapes what means something in a text or a quoted attribute; controls become '?'. Returns where its NUL is. */
char *files_text_html(const char *text, char *out);

/* Does any segment begin with a dot? */
bool files_text_is_hidden(const char *path);

#endif
