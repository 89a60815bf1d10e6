/* SPDX-License-Identifier: MIT */
/*
 * Where this very command is: what belongs to it in a build is found from there, and never from the current
 * directory.
 */
#ifndef CLI_BESIDE_H
#define CLI_BESIDE_H

#include <stddef.h>

/* Its directory; "" if the kernel does not say. PATH_MAX is enough. */
void beside_find(char *directory, size_t size);

#endif
