/* SPDX-License-Identifier: MIT */
/* What a handler may ask about its connection, and leave with it. Worker side. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "contract/transport.h"
#include "core/arena.h"
#include "core/conn_private.h"
#include "core/engine_private.h"
#include "core/share.h"
#include "observe/log.h"
#include "transport/address.h"

const struct sockaddr *brood_peer(struct brood_conn *conn, socklen_t *ret_size)
{
	if (ret_size)
		*ret_size = conn->peer_size;
	return &conn->peer.any;
}

const struct sockaddr *brood_local(struct brood_conn *conn, socklen_t *ret_size)
{
	/* Asked for only when wanted: a system call that most connections can do without. */
	if (conn->local_size == 0 && conn->transport->local(conn) < 0) {
		conn->local.any.sa_family = AF_UNSPEC;
		conn->local_size = sizeof conn->local.any.sa_family;
	}
	if (ret_size)
		*ret_size = conn->local_size;
	return &conn->local.any;
}

const char *brood_peer_text(struct brood_conn *conn)
{
	struct conn_cold *cold = conn->cold;

	if (!conn->has_peer_text)
		address_text(&conn->peer.any, conn->peer_size, cold->peer_text, sizeof cold->peer_text);
	conn->has_peer_text = true;
	return cold->peer_text;
}

int brood_peer_cred(struct brood_conn *conn, struct brood_cred *ret_cred)
{
	struct ucred cred;
	socklen_t size = sizeof cred;

	if (conn->peer.any.sa_family != AF_UNIX || conn->transport->datagram)
		return -EOPNOTSUPP;
	if (getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*ret_cred = (struct brood_cred){ .pid = cred.pid, .uid = cred.uid, .gid = cred.gid };
	return 0;
}

ssize_t brood_packet_size(struct brood_conn *conn)
{
	return conn->transport->datagram ? (ssize_t)conn->packet.size : -EOPNOTSUPP;
}

void *brood_conn_state(struct brood_conn *conn)
{
	return conn->service->config.state_size ? conn->state : NULL;
}

int brood_defer(struct brood_conn *conn, void (*fn)(void *arg), void *arg)
{
	if (conn->defers == CONN_DEFERS)
		return -ENOSPC;
	conn->cold->defer[conn->defers++] = (struct conn_defer){ .fn = fn, .arg = arg };
	return 0;
}

void conn_run_deferred(struct brood_conn *conn)
{
	while (conn->defers > 0) {
		struct conn_defer defer = conn->cold->defer[--conn->defers];

		defer.fn(defer.arg);
	}
}

/* With the requests of this client a standing worker has served as many as it should: it can leave as soon as he does. */
static bool is_last_of_worker(const struct brood_conn *conn)
{
	const struct arena *arena = conn->service->arena;
	uint32_t limit;

	if (!arena)
		return false;
	limit = atomic_load_explicit(&arena->standing->limit, memory_order_relaxed);
	return limit > 0 &&
	       arena->requests + atomic_load_explicit(&conn->slot->requests, memory_order_relaxed) >= limit;
}

bool brood_conn_draining(struct brood_conn *conn)
{
	struct pollfd fd = { .fd = conn->model->config.life_fd, .events = POLLIN };

	if (conn->model->draining)
		return true;
	/* Whoever turns a loop has heard of it there. */
	if (conn->service->crowd)
		return share_is_over(conn);
	if (is_last_of_worker(conn))
		return true;
	/* A forked child has a copy of the flag as it was; the pipe is heard by all. */
	return (poll(&fd, 1, 0) > 0 && fd.revents != 0) || share_is_over(conn);
}

int brood_conn_note(struct brood_conn *conn, const char *key, const char *value)
{
	struct slot *slot = conn->slot;
	size_t used = strnlen(slot->note, SLOT_NOTE_SIZE);
	size_t needed = (used > 0) + strlen(key) + 1 + strlen(value);

	if (used + needed >= SLOT_NOTE_SIZE)
		return -ENOSPC;
	snprintf(slot->note + used, SLOT_NOTE_SIZE - used, "%s%s=%s", used > 0 ? " " : "", key, value);
	return 0;
}

int brood_conn_blame(struct brood_conn *conn, const char *why)
{
	snprintf(conn->slot->blame, SLOT_BLAME_SIZE, "%s", why[0] ? why : "blamed");
	return 0;
}

bool brood_loggable(struct brood_conn *conn, enum brood_level level)
{
	return level <= conn->service->engine->log->max;
}

void brood_logf(struct brood_conn *conn, enum brood_level level, const char *format, ...)
{
	struct log_field peer = LOG_TEXT("peer", brood_peer_text(conn));
	char text[LOG_LINE_MAX];
	va_list args;

	if (!brood_loggable(conn, level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_write(conn->service->engine->log, &(struct log_record){
						      .level = level,
						      .service = conn->service->config.name,
						      .message = text,
						      .fields = &peer,
						      .field_count = 1,
					      });
}

int brood_fork(struct brood_conn *conn)
{
	int r;

	if (conn->transport->datagram || !conn->model->ops->fork || conn->forked)
		return -EOPNOTSUPP;
	/* In any other moment the worker would go on to handle as well. */
	if (atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) != PHASE_HANDLE)
		return -EOPNOTSUPP;
	if (conn->broken)
		return conn->broken;
	r = conn->model->ops->fork(conn);
	if (r == 0 && conn->service->arena) {
		conn->sole = false;
		conn->heir_here = true;
		stray_begin(&conn->service->arena->stray);
	}
	return r;
}

struct brood_end conn_end(const struct brood_conn *conn, enum end_reason reason, int error)
{
	return (struct brood_end){
		.reason = end_reason_name(reason),
		.error = error == -ESHUTDOWN ? 0 : error,
		.bytes_in = conn->slot->bytes_in,
		.bytes_out = conn->slot->bytes_out,
		.requests = conn->slot->requests,
		.duration_ms = (clock_now_ns() - conn->accepted_ns) / NS_PER_MS,
	};
}
