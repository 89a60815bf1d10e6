/* SPDX-License-Identifier: MIT */
/* Bytes as Python's repr(bytes) shows them: b'…', the kind of quote and the escapes included. */
#ifndef HANDLER_REPR_H
#define HANDLER_REPR_H

#include <stddef.h>

/* Room for any size bytes: each may become \xNN, and there are b, two quotes and a NUL. */
#define REPR_SIZE(size) (4 * (size) + 4)

/* Writes at most REPR_SIZE(size) bytes, with a NUL. Returns how many, without it. */
size_t repr_bytes(const void *data, size_t size, char *text);

#endif
