/* SPDX-License-Identifier: MIT */
/*
 * Reading files whose pages may have to be fetched from a disk first ("cold"). A worker that has other clients in
 * hand must not wait for that: it looks whether they are there, and if not lets a thread of offload's fetch them. Who
 * has one client just reads.
 */
#ifndef CORE_COLD_H
#define CORE_COLD_H

#include <stddef.h>
#include <sys/types.h>

struct brood_conn;

/* As pread(2): bytes, maybe fewer, 0 at the end of the file, or -errno. */
ssize_t cold_read(struct brood_conn *conn, int fd, void *buf, size_t size, off_t offset);

/* What is read next, without waiting: as far as is known, since nothing holds pages in memory. At most COLD_WINDOW
 * bytes. 0, or -errno of brood_offload. */
#define COLD_WINDOW 131072
int cold_fetch(struct brood_conn *conn, int fd, off_t offset, size_t size);

#endif
