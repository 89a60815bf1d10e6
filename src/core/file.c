/* SPDX-License-Identifier: MIT */
/* The connection as a stdio stream: every byte still goes through io.c, so deadlines, counters and datagrams hold. */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>

#include "core/conn_private.h"

/* stdio that holds unread input cannot turn to writing: it would have to seek back. So it gets no more than it asks for,
 * which is a byte at a time, from the buffer that readline uses. */
static ssize_t cookie_read(void *cookie, char *buf, size_t size)
{
	ssize_t n = size > 0 ? conn_fill(cookie) : 0;

	if (n > 0)
		return brood_read(cookie, buf, 1);
	if (n == 0)
		return 0;
	errno = (int)-n;
	return -1;
}

static ssize_t cookie_write(void *cookie, const char *buf, size_t size)
{
	int r = brood_write(cookie, buf, size);

	if (r == 0)
		return (ssize_t)size;
	errno = -r;
	return 0; /* fopencookie(3): an error is 0 here, not -1 */
}

FILE *brood_file(struct brood_conn *conn)
{
	static const cookie_io_functions_t functions = { .read = cookie_read, .write = cookie_write };

	if (!conn->model->ops->has_control) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (!conn->file)
		conn->file = fopencookie(conn, "r+", functions);
	return conn->file;
}

int conn_flush_file(struct brood_conn *conn)
{
	/* What brood_fork left to a child is the child's to flush. */
	if (!conn->file || conn->forked || fflush(conn->file) == 0)
		return 0;
	return conn->broken ? conn->broken : -errno;
}

void conn_close_file(struct brood_conn *conn)
{
	if (!conn->file)
		return;
	if (conn->forked)
		__fpurge(conn->file);
	fclose(conn->file);
	conn->file = NULL;
}
