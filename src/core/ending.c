/* SPDX-License-Identifier: MIT */
#include "core/ending.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/arena.h"
#include "core/io.h"
#include "core/service.h"
#include "platform/direct.h"

#define DISCARD_SIZE 4096

/* One try. > 0: something was discarded; 0: the client has ended; -EAGAIN: nothing there; -errno. */
static ssize_t discard(struct brood_conn *conn)
{
	char nowhere[DISCARD_SIZE];
	ssize_t n = conn->transport->recv(conn, nowhere, sizeof nowhere);

	if (n == 0)
		conn->eof = true;
	if (n > 0) {
		slot_add(&conn->slot->bytes_in, (uint64_t)n);
		io_count(conn);
	}
	return n;
}

/* A client that keeps sending is read for linger_ms and no longer. Also while the service drains: what was started is
 * finished. */
static void linger(struct brood_conn *conn)
{
	int64_t until_ns = clock_now_ns() + conn->service->config.linger_ms * NS_PER_MS;

	if (conn->service->config.linger_ms < 0)
		return;
	atomic_store_explicit(&conn->slot->phase, PHASE_LINGER, memory_order_relaxed);
	for (;;) {
		ssize_t n = discard(conn);

		if (n == 0 || (n < 0 && n != -EAGAIN) || clock_now_ns() >= until_ns)
			return;
		if (n == -EAGAIN && conn->model->ops->wait(conn, POLLIN, until_ns, false) < 0)
			return;
	}
}

static bool is_nobody_elses(const struct brood_conn *conn)
{
	return conn->sole && !conn->service->arena->stray.was_forked;
}

void ending_leave(struct brood_conn *conn)
{
	if (conn->aborted || conn->transport->datagram)
		return;
	/* A child of the handler's own may hold the socket: closing it would not reach the client. */
	if (conn->broken == -ETIMEDOUT || conn->broken == -ECANCELED)
		direct_shutdown(conn->fd, SHUT_RDWR);
	if (conn->broken)
		return;
	/* Where closing is the end of it, a shutdown before would only cost (half a microsecond). */
	if (is_nobody_elses(conn) && (conn->eof || direct_unread(conn->fd) <= 0))
		return;
	if (io_finish(conn) < 0 || conn->eof)
		return;
	if (direct_unread(conn->fd) > 0)
		linger(conn);
}

int brood_finish(struct brood_conn *conn)
{
	if (conn->transport->datagram)
		return -EOPNOTSUPP;
	return io_finish(conn);
}

int brood_close(struct brood_conn *conn)
{
	int r;

	if (conn->transport->datagram)
		return -EOPNOTSUPP;
	r = io_finish(conn);
	if (r == 0 && !conn->eof)
		linger(conn);
	io_break(conn, -EPIPE);
	return r;
}

void brood_abort(struct brood_conn *conn)
{
	if (conn->aborted)
		return;
	conn->aborted = true;
	io_break(conn, -ECONNABORTED);
	conn->transport->abort(conn);
}
