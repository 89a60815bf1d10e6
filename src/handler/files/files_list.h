/* SPDX-License-Identifier: MIT */
/* A directory as a page of links, for who asked for it (--list). */
#ifndef FILES_LIST_H
#define FILES_LIST_H

#include "files/files_root.h"

/* More names than this are left out, which the page then says. */
#define FILES_LIST_ENTRIES 4096

/* path: a directory beneath the root, that ends in '/' or is "". 0: answered; -errno: nothing has left. */
int files_list(struct brood_http *http, const struct files_root *root, const char *path);

#endif
