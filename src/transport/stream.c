/* SPDX-License-Identifier: MIT */
/*
 * The stream transport: TCP, Unix and vsock connections. Invariant: no call blocks, and no call changes the
 * flags of a descriptor: accepted sockets are blocking (a program may inherit them), so each call says
 * MSG_DONTWAIT by itself. Called by core, in any worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/listener.h"
#include "platform/direct.h"
#include "transport/address.h"
#include "transport/open.h"

/* Of a file per call: on the stack of handlers, which own 64 KiB of it. */
#define SENDFILE_CHUNK 16384

/* fd:// that is a connection: it is the one client there will ever be, so the descriptor moves to conn. */
static int accept_connected(struct listener *listener, struct brood_conn *conn)
{
	socklen_t size = sizeof conn->peer;

	if (listener->fd < 0)
		return -EAGAIN;
	if (getpeername(listener->fd, &conn->peer.any, &size) < 0)
		return -errno;
	conn->peer_size = size;
	conn->fd = listener->fd;
	listener->fd = -1;
	return 0;
}

/* accept4(2) has no MSG_DONTWAIT. Listeners of ours are O_NONBLOCK; one given to us may not be and stays as it is.
 * Somebody sharing it may still be quicker between poll and accept: then we wait for the next client. */
static bool nobody_waits(const struct listener *listener)
{
	struct pollfd readable = { .fd = listener->fd, .events = POLLIN };

	return listener->shared && poll(&readable, 1, 0) == 0;
}

static int accept_next(struct listener *listener, struct brood_conn *conn)
{
	socklen_t size;
	int fd;

	if (nobody_waits(listener))
		return -EAGAIN;
	do {
		size = sizeof conn->peer;
		fd = direct_accept(listener->fd, &conn->peer, &size, SOCK_CLOEXEC);
	} while (fd == -EINTR);
	if (fd < 0)
		return fd;
	conn->peer_size = size;
	conn->fd = fd;
	return 0;
}

static int stream_accept(struct listener *listener, struct brood_conn *conn)
{
	int r = listener->connected ? accept_connected(listener, conn) : accept_next(listener, conn);

	if (r < 0)
		return r;
	/* What we open ourselves passes it on from the listener, which saves a call per client. */
	if (listener->shared && listener->family == LISTENER_TCP)
		setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	address_normalise(&conn->peer, &conn->peer_size);
	/* A Unix socket also ends a read where descriptors came along. */
	conn->streams = listener->family == LISTENER_TCP;
	return 0;
}

static ssize_t stream_recv(struct brood_conn *conn, void *buf, size_t size)
{
	ssize_t n;

	do
		n = direct_recv(conn->fd, buf, size, MSG_DONTWAIT);
	while (n == -EINTR);
	conn->drained = n == -EAGAIN || (n > 0 && (size_t)n < size && conn->streams && !conn->peeks);
	return n;
}

static ssize_t stream_recv_first(struct brood_conn *conn, void *buf, size_t size)
{
	ssize_t n = direct_recv(conn->fd, buf, size, 0);

	return n == -EINTR ? -EAGAIN : n;
}

static ssize_t stream_send(struct brood_conn *conn, const void *data, size_t size)
{
	ssize_t n;

	do
		n = direct_send(conn->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -EINTR);
	return n;
}

/* sendfile(2) blocks unless the socket is O_NONBLOCK, and there is no flag per call. What the socket did not take
 * is read again next time. */
static ssize_t copy_file(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	char chunk[SENDFILE_CHUNK];
	ssize_t n;

	do
		n = pread(fd, chunk, size < sizeof chunk ? size : sizeof chunk, offset);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	return stream_send(conn, chunk, (size_t)n);
}

/* A client that is gone raises SIGPIPE, and sendfile(2) has no flag against it. It is for this thread alone: block
 * it, and if that made it pending, take it off again. */
static ssize_t sendfile_quietly(int to, int from, off_t offset, size_t size)
{
	static const struct timespec at_once;
	bool was_pending = false;
	sigset_t broken_pipe, before, pending;
	ssize_t n;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	if (sigismember(&before, SIGPIPE) == 1)
		was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
	n = sendfile(to, from, &offset, size);
	n = n < 0 ? -errno : n;
	/* It may come with the bytes that were sent before the client was found to be gone. */
	if (n != (ssize_t)size && !was_pending)
		while (sigtimedwait(&broken_pipe, NULL, &at_once) < 0 && errno == EINTR)
			;
	if (sigismember(&before, SIGPIPE) == 0)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static ssize_t stream_sendfile(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	ssize_t n;

	if (!conn->unblocked)
		return copy_file(conn, fd, offset, size);
	do
		n = sendfile_quietly(conn->fd, fd, offset, size);
	while (n == -EINTR);
	/* Some file systems have no pages to lend. */
	return n == -EINVAL ? copy_file(conn, fd, offset, size) : n;
}

static bool stream_pending(const struct brood_conn *conn)
{
	(void)conn;
	return false;
}

static bool stream_readable(const struct brood_conn *conn)
{
	char byte;

	return recv(conn->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static int stream_finish(struct brood_conn *conn)
{
	int r = direct_shutdown(conn->fd, SHUT_WR);

	/* ENOTCONN: the client was quicker (reset); there is nobody left to tell. */
	if (r < 0 && r != -ENOTCONN)
		return r;
	conn->finished = true;
	return 0;
}

static void stream_abort(struct brood_conn *conn)
{
	/* TCP: the last close sends a reset. Unix sockets ignore it: their client sees the end of input. */
	setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
}

static int stream_local(struct brood_conn *conn)
{
	socklen_t size = sizeof conn->local;

	if (getsockname(conn->fd, &conn->local.any, &size) < 0)
		return -errno;
	conn->local_size = size;
	address_normalise(&conn->local, &conn->local_size);
	return 0;
}

static void stream_close(struct brood_conn *conn)
{
	if (conn->fd >= 0)
		direct_close(conn->fd);
	conn->fd = -1;
}

const struct transport_ops transport_stream = {
	.name = "stream",
	.accept = stream_accept,
	.recv = stream_recv,
	.recv_first = stream_recv_first,
	.send = stream_send,
	.sendfile = stream_sendfile,
	.pending = stream_pending,
	.readable = stream_readable,
	.finish = stream_finish,
	.abort = stream_abort,
	.local = stream_local,
	.close = stream_close,
};
