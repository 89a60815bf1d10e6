/* SPDX-License-Identifier: MIT */
#include "core/io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/access.h"
#include "core/deadline.h"
#include "core/pace.h"
#include "core/service.h"
#include "core/share.h"
#include "core/ticking.h"

/* After so many operations a worker shows how far it is, should it publish its slot: it may never have to wait for
 * its client, and is not to be taken for one that is stuck (model/held.c). */
#define TELL_OPERATIONS 32

int io_break(struct brood_conn *conn, int error)
{
	if (conn->broken == 0)
		conn->broken = error;
	return conn->broken;
}

/* It ran out of time as poll(2) sees it, which is not as the client's kernel does. */
static bool takes_something(const struct brood_conn *conn, short events, enum end_reason reason)
{
	return events & POLLOUT && (reason == END_WRITE_TIMEOUT || reason == END_TOO_SLOW) && pace_took(conn);
}

/* Until the client sends (POLLIN) or takes something (POLLOUT). */
static int wait_for_client(struct brood_conn *conn, short events)
{
	struct deadline deadline;
	int64_t began_ns;
	int r;

	do {
		began_ns = clock_now_ns();
		deadline = events & POLLIN ? deadline_for_read(conn, began_ns) : deadline_for_write(conn, began_ns);
		r = conn->model->ops->wait(conn, events, deadline.at_ns, false);
		pace_waited(conn, events, began_ns);
	} while (r == -ETIMEDOUT && takes_something(conn, events, deadline.reason));
	if (r == -ETIMEDOUT)
		return deadline_expire(conn, deadline.reason);
	return r < 0 ? io_break(conn, r) : 0;
}

void io_count(struct brood_conn *conn)
{
	if (++conn->operations % TELL_OPERATIONS != 0)
		return;
	conn_tell(conn);
	if (conn->model->ops->breathe)
		conn->model->ops->breathe(conn);
}

static void count_operation(struct brood_conn *conn, _Atomic uint64_t *bytes, ssize_t size)
{
	slot_add(bytes, (uint64_t)size);
	io_count(conn);
}

/* Before the first byte of an answer leaves: from here on nobody may answer in our place. Then our deadline is
 * looked at. Whoever might answer looks at the deadline first and then at the slot: so it cannot be both of us. */
static void begin_answer(struct brood_conn *conn)
{
	_Atomic uint32_t *answering = &conn->slot->answering;

	if (atomic_load_explicit(answering, memory_order_relaxed) || conn->transport->datagram)
		return;
	/* What is late already does not begin: who tells its client is decided there. */
	if (deadline_check(conn) < 0)
		return;
	atomic_store(answering, 1);
	if (conn->service->config.last_words_size > 0)
		conn_tell(conn);
}

int io_unread(struct brood_conn *conn, const void *data, size_t size)
{
	size_t held = conn->buffer_end - conn->buffer_start;

	if (size > CONN_BUFFER - held)
		return -EMSGSIZE;
	/* Mostly these are the very bytes that were there before. */
	if (size > conn->buffer_start) {
		memmove(conn->buffer + size, conn->buffer + conn->buffer_start, held);
		conn->buffer_start = (unsigned int)size;
		conn->buffer_end = (unsigned int)(size + held);
	}
	conn->buffer_start -= (unsigned int)size;
	memcpy(conn->buffer + conn->buffer_start, data, size);
	return 0;
}

int io_send_interim(struct brood_conn *conn, const void *data, size_t size)
{
	uint32_t answering = atomic_load_explicit(&conn->slot->answering, memory_order_relaxed);
	int r = io_send(conn, data, size);

	/* Else it is ours by now (deadline_expire). */
	if (!conn->may_say_late)
		atomic_store_explicit(&conn->slot->answering, answering, memory_order_relaxed);
	conn_tell(conn);
	return r;
}

bool io_say_late(struct brood_conn *conn, const void *data, size_t size)
{
	if (conn->broken != -ETIMEDOUT || !conn->may_say_late)
		return false;
	conn->may_say_late = false;
	if (conn->transport->send(conn, data, size) != (ssize_t)size)
		return false;
	slot_add(&conn->slot->bytes_out, size);
	return true;
}

bool io_owes_answer(const struct brood_conn *conn)
{
	return conn->broken == -ETIMEDOUT && (conn->may_say_late || !atomic_load(&conn->slot->answering));
}

void io_leave_to_watcher(struct brood_conn *conn)
{
	if (io_owes_answer(conn) && !conn->may_say_late)
		conn->model->ops->wait(conn, 0, clock_now_ns() + 2 * TICKING_SWEEP_MS * NS_PER_MS, false);
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

static ssize_t try_to_recv(struct brood_conn *conn, void *buf, size_t size)
{
	if (conn->drained && conn->model->ops->hears_all)
		return -EAGAIN;
	if (conn->blocks) {
		conn->blocks = false;
		return conn->transport->recv_first(conn, buf, size);
	}
	return conn->transport->recv(conn, buf, size);
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
	while ((n = try_to_recv(conn, buf, size)) == -EAGAIN) {
		r = wait_for_client(conn, POLLIN);
		if (r < 0)
			return r;
	}
	if (n <= 0) {
		r = fail(conn, (int)n);
		if (r < 0)
			return r;
	}
	if (n == 0) {
		conn->eof = true;
		return 0;
	}
	conn->got_byte = true;
	count_operation(conn, &conn->slot->bytes_in, n);
	pace_heard(conn, n);
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
	begin_answer(conn);
	do {
		if (deadline_check(conn) < 0)
			return -ETIMEDOUT;
		n = conn->transport->send(conn, bytes, size);
		if (n == -EMSGSIZE)
			return -EMSGSIZE; /* a datagram that grew too large: the caller's mistake, not the connection's end */
		if (n == -EAGAIN) {
			r = wait_for_client(conn, POLLOUT);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return fail(conn, (int)n);
		count_operation(conn, &conn->slot->bytes_out, n);
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
		r = wait_for_client(conn, POLLOUT);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return io_break(conn, r);
	conn->finished = true;
	return 0;
}

/* Until there is something to read, in slices: whoever waits for this worker meanwhile is given way to. */
static int wait_parked(struct brood_conn *conn, int64_t deadline_ns)
{
	int64_t look_ns;
	int r;

	do {
		if (share_is_over(conn)) {
			conn->gave_way = true;
			return -ESHUTDOWN;
		}
		look_ns = clock_now_ns() + SHARE_LOOK_MS * NS_PER_MS;
		r = conn->model->ops->wait(conn, POLLIN, look_ns < deadline_ns ? look_ns : deadline_ns, true);
		if (r == -ETIMEDOUT)
			access_catch_up(conn);
	} while (r == -ETIMEDOUT && look_ns < deadline_ns);
	return r;
}

int io_look_for_request(struct brood_conn *conn)
{
	struct deadline deadline;

	if (conn->broken)
		return conn->broken;
	if (share_is_over(conn)) {
		conn->gave_way = true;
		return -ESHUTDOWN;
	}
	if (conn->buffer_start < conn->buffer_end || conn->transport->pending(conn))
		return 0;
	deadline = deadline_for_read(conn, deadline_now_ns(conn));
	conn->parked_until_ns = deadline.at_ns;
	conn->park_reason = deadline.reason;
	return -EAGAIN;
}

int io_unpark(struct brood_conn *conn, int r)
{
	if (r == -ETIMEDOUT)
		return deadline_expire(conn, conn->park_reason);
	return r < 0 && r != -ESHUTDOWN ? io_break(conn, r) : r;
}

/* The service drains, and the client, who does not know, may be sending. */
static int wait_last_chance(struct brood_conn *conn)
{
	int64_t until_ns = clock_now_ns() + conn->model->config.last_chance_ms * NS_PER_MS;
	int r;

	if (conn->gave_way || conn->model->config.last_chance_ms == 0)
		return -ESHUTDOWN;
	r = conn->model->ops->wait(
		conn, POLLIN, until_ns < conn->parked_until_ns ? until_ns : conn->parked_until_ns, false);
	return r == -ETIMEDOUT ? -ESHUTDOWN : r;
}

int io_wait_for_request(struct brood_conn *conn)
{
	int r = io_look_for_request(conn);

	if (r != -EAGAIN)
		return r;
	r = wait_parked(conn, conn->parked_until_ns);
	if (r == -ESHUTDOWN)
		r = wait_last_chance(conn);
	return io_unpark(conn, r);
}

ssize_t io_send_file(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	ssize_t n;
	int r;

	if (conn->broken)
		return conn->broken;
	begin_answer(conn);
	if (deadline_check(conn) < 0)
		return -ETIMEDOUT;
	n = conn->transport->sendfile(conn, fd, offset, size);
	if (n == -EAGAIN) {
		r = wait_for_client(conn, POLLOUT);
		return r < 0 ? r : -EAGAIN;
	}
	if (n < 0)
		return fail(conn, (int)n);
	if (n > 0)
		count_operation(conn, &conn->slot->bytes_out, n);
	return n;
}
