/* SPDX-License-Identifier: MIT */
/*
 * What a handler waits for that is not its client: time, a descriptor of its own, a function that blocks. The public
 * face, in the worker: here the deadlines of the connection hold, the model waits.
 */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "core/deadline.h"
#include "core/io.h"
#include "core/service.h"

/* It takes time of which the socket, should it mind the first deadline by itself, does not know. */
static void take_time(struct brood_conn *conn)
{
	conn->blocks = false;
}

/* What became of a wait until whichever was nearer: the connection's deadline or the caller's own time. */
static int judge(struct brood_conn *conn, struct deadline deadline, int64_t until_ns, int r)
{
	if (r == -ETIMEDOUT && deadline.at_ns <= until_ns)
		return deadline_expire(conn, deadline.reason);
	return r == -ECANCELED ? io_break(conn, r) : r;
}

static int64_t nearer(struct deadline deadline, int64_t until_ns)
{
	return deadline.at_ns <= until_ns ? deadline.at_ns : until_ns;
}

int brood_sleep(struct brood_conn *conn, int ms)
{
	struct deadline deadline = deadline_for_sleep(conn);
	int64_t until_ns = clock_now_ns() + (ms < 0 ? 0 : ms) * NS_PER_MS;
	int r;

	take_time(conn);
	if (conn->broken)
		return conn->broken;
	r = conn->model->ops->wait(conn, 0, nearer(deadline, until_ns), false);
	if (r == -ETIMEDOUT && deadline.at_ns > until_ns)
		return 0;
	r = judge(conn, deadline, until_ns, r);
	return r < 0 ? io_break(conn, r) : 0;
}

int brood_wait_fd(struct brood_conn *conn, int fd, short events, int timeout_ms)
{
	struct deadline deadline = deadline_for_sleep(conn);
	int64_t until_ns = timeout_ms < 0 ? CONN_NEVER : clock_now_ns() + timeout_ms * NS_PER_MS;
	int r;

	if (fd < 0)
		return -EBADF;
	if (events == 0 || events & ~(POLLIN | POLLOUT))
		return -EINVAL;
	take_time(conn);
	if (conn->broken)
		return conn->broken;
	/* Before the first look, as in io_recv: what is always ready must not outlast its time, nor keep others waiting. */
	if (deadline_check(conn) < 0)
		return -ETIMEDOUT;
	r = judge(conn, deadline, until_ns, conn->model->ops->wait_fd(conn, fd, events, nearer(deadline, until_ns)));
	io_count(conn);
	return r;
}

int brood_offload(struct brood_conn *conn, void (*fn)(void *arg), void *arg)
{
	const struct model_ops *ops = conn->model->ops;
	struct deadline deadline = deadline_for_sleep(conn);
	int r = 0;

	take_time(conn);
	if (conn->broken)
		return conn->broken;
	if (deadline_check(conn) < 0)
		return -ETIMEDOUT;
	if (ops->offload)
		r = judge(conn, deadline, CONN_NEVER, ops->offload(conn, fn, arg, deadline.at_ns));
	else
		fn(arg);
	if (r < 0)
		return r;
	/* What fn did is done, whatever happened meanwhile: the next call says that. */
	if (conn->model->killed)
		io_break(conn, -ECANCELED);
	deadline_check(conn);
	return 0;
}
