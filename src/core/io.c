/* SPDX-License-Identifier: MIT */
#include "core/io.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/deadline.h"
#include "core/service.h"

int io_break(struct brood_conn *conn, int error)
{
	if (conn->broken == 0)
		conn->broken = error;
	return conn->broken;
}

static int wait_until(struct brood_conn *conn, short events, struct deadline deadline)
{
	int r = conn->model->ops->wait(conn, events, deadline.at_ns, false);

	if (r == -ETIMEDOUT)
		return deadline_expire(conn, deadline.reason);
	return r < 0 ? io_break(conn, r) : 0;
}

/* End and error may be the work of whoever shut the connection down: at its deadline, or when all was to end. */
static int fail(struct brood_conn *conn, int error)
{
	if (deadline_check(conn) < 0)
		return -ETIMEDOUT;
	if (conn->model->killed)
		error = -ECANCELED;
	return error < 0 ? io_break(conn, error) : 0;
}

ssize_t io_recv(struct brood_conn *conn, void *buf, size_t size)
{
	ssize_t n;
	int r;

	if (conn->broken)
		return conn->broken;
	if (conn->eof || size == 0)
		return 0;
	/* Before the try: a client that never lets us wait must not outstay its time. Free without such a deadline. */
	if (deadline_check(conn) < 0)
		return -ETIMEDOUT;
	while ((n = conn->transport->recv(conn, buf, size)) == -EAGAIN) {
		r = wait_until(conn, POLLIN, deadline_for_read(conn));
		if (r < 0)
			return r;
	}
	if (n <= 0) {
		r = fail(conn, (int)n);
		if (r < 0)
			return r;
	}
	if (n == 0)
		conn->eof = true;
	else
		conn->got_byte = true;
	slot_add(&conn->slot->bytes_in, (uint64_t)n);
	return n;
}

int io_send(struct brood_conn *conn, const void *data, size_t size)
{
	const char *bytes = data;
	ssize_t n;
	int r;

	if (conn->broken)
		return conn->broken;
	if (conn->finished)
		return -EPIPE;
	do {
		if (deadline_check(conn) < 0)
			return -ETIMEDOUT;
		n = conn->transport->send(conn, bytes, size);
		if (n == -EMSGSIZE)
			return -EMSGSIZE; /* a datagram that grew too large: the caller's mistake, not the connection's end */
		if (n == -EAGAIN) {
			r = wait_until(conn, POLLOUT, deadline_for_write(conn));
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return fail(conn, (int)n);
		slot_add(&conn->slot->bytes_out, (uint64_t)n);
		bytes += n;
		size -= (size_t)n;
	} while (size > 0);
	return 0;
}

int io_finish(struct brood_conn *conn)
{
	int r;

	if (conn->finished)
		return 0;
	if (conn->broken)
		return conn->broken;
	while ((r = conn->transport->finish(conn)) == -EAGAIN) {
		r = wait_until(conn, POLLOUT, deadline_for_write(conn));
		if (r < 0)
			return r;
	}
	if (r < 0)
		return io_break(conn, r);
	conn->finished = true;
	return 0;
}

int io_wait_for_request(struct brood_conn *conn)
{
	struct deadline deadline = deadline_for_read(conn);
	int r;

	if (conn->broken)
		return conn->broken;
	if (conn->buffer_start < conn->buffer_end || conn->transport->pending(conn))
		return 0;
	r = conn->model->ops->wait(conn, POLLIN, deadline.at_ns, true);
	if (r == -ETIMEDOUT)
		return deadline_expire(conn, deadline.reason);
	return r < 0 && r != -ESHUTDOWN ? io_break(conn, r) : r;
}

int brood_sleep(struct brood_conn *conn, int ms)
{
	struct deadline deadline = deadline_for_sleep(conn);
	int64_t until_ns = clock_now_ns() + (ms < 0 ? 0 : ms) * NS_PER_MS;
	int r;

	if (conn->broken)
		return conn->broken;
	if (deadline.at_ns <= until_ns)
		return wait_until(conn, 0, deadline);
	r = conn->model->ops->wait(conn, 0, until_ns, false);
	return r == -ETIMEDOUT ? 0 : io_break(conn, r);
}

int brood_sendfile(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	ssize_t n;
	int r;

	if (conn->transport->datagram)
		return -EOPNOTSUPP;
	if (conn->finished && !conn->broken)
		return -EPIPE;
	while (size > 0) {
		if (conn->broken)
			return conn->broken;
		if (deadline_check(conn) < 0)
			return -ETIMEDOUT;
		n = conn->transport->sendfile(conn, fd, offset, size);
		if (n == -EAGAIN) {
			r = wait_until(conn, POLLOUT, deadline_for_write(conn));
			if (r < 0)
				return r;
			continue;
		}
		if (n == 0)
			return -ENODATA;
		if (n < 0)
			return fail(conn, (int)n);
		slot_add(&conn->slot->bytes_out, (uint64_t)n);
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}
