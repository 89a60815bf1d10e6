/* SPDX-License-Identifier: MIT */
/*
 * A file to the client, in windows: each is in memory before it is sent, so that no client waits for another's disk.
 *
 * sendfile(2) copies nothing: a third less CPU time for 10 MiB, half of it for 64 KiB (docs/internals/event.md). But
 * it waits for the client unless the socket is O_NONBLOCK, a flag that every duplicate of the descriptor shares. So
 * it is set only where nobody else has one, and only for the length of this call: no program of a handler's inherits
 * it.
 */
#include <errno.h>
#include <fcntl.h>

#include "contract/conn.h"
#include "contract/transport.h"
#include "core/arena.h"
#include "core/cold.h"
#include "core/io.h"
#include "core/service.h"

/* More than one block of what copies: measured, 64 KiB take half the time even with the calls for the flag. */
#define LARGE 16384

static bool may_unblock(const struct brood_conn *conn, size_t size)
{
	return size > LARGE && conn->streams && conn->sole && !conn->service->arena->stray.was_forked;
}

/* *ret_flags: as they were, if the connection is ->unblocked now. */
static void unblock(struct brood_conn *conn, int *ret_flags)
{
	int flags = fcntl(conn->fd, F_GETFL);

	conn->unblocked = flags >= 0 && !(flags & O_NONBLOCK) && fcntl(conn->fd, F_SETFL, flags | O_NONBLOCK) == 0;
	*ret_flags = flags;
}

/* Nobody else has the descriptor, and its handler is in this call: the other flags are what they were. */
static void block_again(struct brood_conn *conn, int flags)
{
	if (!conn->unblocked)
		return;
	conn->unblocked = false;
	fcntl(conn->fd, F_SETFL, flags);
}

/* Looked again after each wait for the client: what was in memory then may not be any more. */
static int send_all(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	size_t fetched = 0; /* bytes from offset that are in memory */
	int r = 0;

	while (r == 0 && size > 0) {
		ssize_t n;

		if (fetched == 0) {
			fetched = size < COLD_WINDOW ? size : COLD_WINDOW;
			r = cold_fetch(conn, fd, offset, fetched);
			if (r < 0)
				return r;
		}
		n = io_send_file(conn, fd, offset, fetched);
		if (n > 0) {
			offset += n;
			size -= (size_t)n;
			fetched -= (size_t)n;
		} else if (n == -EAGAIN) {
			fetched = 0;
		} else {
			r = n < 0 ? (int)n : -ENODATA;
		}
	}
	return r;
}

int brood_sendfile(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	int flags = 0, r;

	if (conn->transport->datagram)
		return -EOPNOTSUPP;
	if (conn->broken)
		return conn->broken;
	if (conn->finished)
		return -EPIPE;
	if (may_unblock(conn, size))
		unblock(conn, &flags);
	r = send_all(conn, fd, offset, size);
	block_again(conn, flags);
	return r;
}
