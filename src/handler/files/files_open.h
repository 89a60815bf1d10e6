/* SPDX-License-Identifier: MIT */
/*
 * Finds and opens what a path names, strictly beneath the root: the kernel itself refuses to leave it (openat2,
 * RESOLVE_BENEATH), whatever links and renames there are. Paths are relative to the root; "" is the root.
 */
#ifndef FILES_OPEN_H
#define FILES_OPEN_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "files/files_root.h"

#define FILES_SIBLINGS 3 /* precompressed ones: .br, .zst, .gz */

struct files_coding {
	const char *name; /* as in Content-Encoding */
	const char *suffix;
};

struct files_found {
	int fd;
	struct stat status;
	const struct files_coding *coding; /* of what fd is; NULL: as it is */
};

/* 0, or -errno as kernels have it, and -ENOENT for what is neither a file nor a directory. Caller closes fd. */
int files_open(const struct files_root *root, const char *path, bool cached, struct files_found *ret_found);

/* The sibling of path that is to be sent instead: the first of codings that is there, a file, and not older. Then
 * found is that one, and the original is closed. -EAGAIN, if cached: it cannot be known without waiting. */
int files_open_sibling(const struct files_root *root, const char *path, bool cached,
	const struct files_coding *const codings[FILES_SIBLINGS], struct files_found *found);

/* Can this kernel do it, and can it tell whether it would wait? 0, or -errno: -ENOSYS before Linux 5.6. */
int files_open_probe(struct files_root *root);

#endif
