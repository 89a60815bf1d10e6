/* SPDX-License-Identifier: MIT */
/* What all requests of one service share: the directory, opened once, and how it is served. Read-only while it
 * serves. */
#ifndef FILES_ROOT_H
#define FILES_ROOT_H

#include <brood/http.h>
#include <stdbool.h>

struct files_options {
	const char *directory;
	const char *index;
	bool list;
	bool hidden;
	int cache_ms;
};

struct files_root {
	int fd;          /* O_PATH: all that is ever opened is beneath it */
	bool has_cached; /* the kernel can tell whether opening would have to wait for a disk */
	bool list;
	bool hidden;
	const char *index;
	char cache_control[40]; /* "": none */
	struct brood_http_types *types;
};

#endif
