/* SPDX-License-Identifier: MIT */
/*
 *   PLACED → VERIFY ──refused──────────────────────────┐
 *              └→ SETUP ──failed──→ error ─────────────┤
 *                   └→ HANDLE ⇄ PARKED                 │
 *                        └→ (error) → FINISH (finish, deferred calls) → LINGER → OVER
 *
 * The slot's phase has one writer: this file (and ending.c for LINGER, the models where no life began or none ended).
 */
#include "core/life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/arena.h"
#include "core/conn_private.h"
#include "core/crowd.h"
#include "core/deadline.h"
#include "core/ending.h"
#include "core/io.h"
#include "core/pool.h"
#include "core/service.h"
#include "platform/direct.h"

/* After brood_fork the slot is the child's, which may have ended already. */
static void enter(struct brood_conn *conn, enum conn_phase phase)
{
	if (conn->forked)
		return;
	atomic_store_explicit(&conn->slot->phase, phase, memory_order_relaxed);
}

/* A moment of the user's begins: should it crash, the black box tells which one. */
static void enter_moment(struct brood_conn *conn, enum conn_phase phase)
{
	enter(conn, phase);
	conn_tell(conn);
}

/* A handler that forks by itself and returns in the child would run the rest of this worker's life twice. */
static bool is_stray(const struct brood_conn *conn)
{
	if (conn->service->arena)
		return conn->service->arena->stray.is_child;
	return direct_getpid() != (conn->child ? conn->pid : conn->model->pid);
}

static void end_stray_child(struct brood_conn *conn)
{
	if (!is_stray(conn))
		return;
	brood_logf(
		conn, BROOD_ERROR, "a child forked by the handler returned from it; it ends here (see brood_fork)");
	_exit(EXIT_FAILURE);
}

/* One call of handle. What it left in stdio's buffer goes out with it: the client may wait for that before it sends
 * more, and a datagram's answer is sent when handle is done. */
static int handle_once(struct brood_conn *conn)
{
	int flushed, r;

	/* What was sent before the first request may well be part of its answer. */
	if (conn->slot->requests > 0)
		atomic_store_explicit(&conn->slot->answering, 0, memory_order_relaxed);
	slot_add(&conn->slot->requests, 1);
	deadline_begin_request(conn);
	enter_moment(conn, PHASE_HANDLE);
	r = conn->service->config.handler.handle(conn, conn->service->app);
	end_stray_child(conn);
	flushed = conn_flush_file(conn);
	deadline_end_request(conn);
	if (conn->service->crowd)
		crowd_served_request(conn->service->crowd);
	return r >= 0 && flushed < 0 ? flushed : r;
}

static bool has_sent_everything(const struct brood_conn *conn)
{
	return conn->eof && conn->buffer_start == conn->buffer_end;
}

/* One call of handle. True: it asked for more, and its client may yet send it. */
static bool handle_request(struct brood_conn *conn)
{
	int r = handle_once(conn);

	/* The end of input is always readable: to wait for it again would not be to wait. */
	if (r == BROOD_AGAIN && !conn->forked && !conn->transport->datagram) {
		if (!has_sent_everything(conn)) {
			enter(conn, PHASE_PARKED);
			return true;
		}
		r = 0;
	}
	conn->result = r > 0 ? -EINVAL : r;
	return false;
}

/* False: nobody asks any more. */
static bool awake(struct brood_conn *conn, int r)
{
	if (r < 0)
		conn->result = r == -ESHUTDOWN ? r : 0;
	return r == 0;
}

/* Which row: what happened to the connection explains what the handler made of it, not the other way round. */
static enum end_reason reason_for(const struct brood_conn *conn, int result)
{
	if (conn->forked)
		return END_FORKED;
	if (conn->expired)
		return conn->expired;
	if (conn->aborted)
		return END_ABORTED;
	switch (conn->broken) {
	case -ECONNRESET:
	case -EPIPE:
		/* brood_close leaves -EPIPE behind as well; then nothing is wrong. */
		if (conn->finished && result >= 0)
			return conn->bad_request ? END_BAD_REQUEST : END_FINISHED;
		return END_CLIENT_GONE;
	case -ECANCELED:
		return conn->model->killed ? END_STOPPED : END_SUPERVISOR_GONE;
	default:
		break;
	}
	if (result == -ESHUTDOWN && conn->broken == 0)
		return conn->gave_way ? END_GAVE_WAY : END_DRAINED;
	if (result < 0)
		return END_HANDLER_FAILED;
	return conn->bad_request ? END_BAD_REQUEST : END_FINISHED;
}

static enum end_reason reason_for_answer(int result)
{
	switch (result) {
	case 0:
		return END_FINISHED;
	case -EDESTADDRREQ:
	case -ENOTCONN:
		return END_NO_ADDRESS;
	case -EAGAIN:
	case -ENOBUFS:
		return END_PEER_QUEUE_FULL;
	case -ECONNREFUSED:
	case -ENOENT:
		return END_CLIENT_GONE;
	default:
		return END_SEND_FAILED;
	}
}

/* Nobody is told of its end but the log. */
static bool may_be_over_first(const struct brood_conn *conn)
{
	return conn->model->ops->send_later && !conn->service->config.handler.finish && conn->defers == 0 &&
	       !crowd_is_stray(conn);
}

/* A datagram's answer leaves if handle returned 0 and wrote; what then goes wrong is a row of its own. */
static enum end_reason send_answer(struct brood_conn *conn, int *ret_error)
{
	if (!conn->packet.wrote)
		return END_FINISHED;
	if (may_be_over_first(conn))
		conn->model->ops->send_later(conn);
	else
		*ret_error = conn->transport->finish(conn);
	return reason_for_answer(*ret_error);
}

void life_answered(struct brood_conn *conn, int result)
{
	conn->slot->error = result;
	atomic_store_explicit(&conn->slot->reason, reason_for_answer(result), memory_order_relaxed);
}

/* Up to the first request. False: there will be none. */
static bool begin(struct brood_conn *conn)
{
	const struct brood_handler *handler = &conn->service->config.handler;
	void *app = conn->service->app;

	deadline_begin(conn);
	if (conn->service->config.state_size)
		memset(conn->state, 0, conn->service->config.state_size);
	if (handler->verify) {
		enter_moment(conn, PHASE_VERIFY);
		conn->refused = handler->verify(conn, app) != 0;
		end_stray_child(conn);
		if (conn->refused)
			return false;
	}
	if (handler->setup) {
		enter_moment(conn, PHASE_SETUP);
		conn->result = handler->setup(conn, app);
		end_stray_child(conn);
	}
	conn->set_up = conn->result >= 0;
	return conn->set_up;
}

static enum end_reason finish_moments(struct brood_conn *conn)
{
	const struct brood_handler *handler = &conn->service->config.handler;
	void *app = conn->service->app;
	enum end_reason reason = reason_for(conn, conn->result);

	if (conn->result < 0 && conn->result != -ESHUTDOWN && handler->error && !conn->forked)
		handler->error(conn, app, conn->result);
	if (reason == END_FINISHED && conn->transport->datagram)
		reason = send_answer(conn, &conn->result);
	enter(conn, PHASE_FINISH);
	if (handler->finish || conn->defers > 0)
		conn_tell(conn);
	if (conn->set_up && handler->finish && !conn->forked) {
		struct brood_end end = conn_end(conn, reason, conn->result);

		handler->finish(conn, app, &end);
	}
	return reason;
}

static void finish(struct brood_conn *conn)
{
	enum end_reason reason;

	if (conn->refused)
		reason = conn->expired ? conn->expired : END_REFUSED_BY_VERIFY;
	else
		reason = finish_moments(conn);
	conn_close_file(conn);
	if (conn->forked)
		return; /* the child's now: slot, deferred calls and all */
	conn_run_deferred(conn);
	ending_leave(conn);
	conn->slot->error = conn->result < 0 && conn->result != -ESHUTDOWN ? conn->result : 0;
	atomic_store_explicit(&conn->slot->reason, reason, memory_order_relaxed);
	atomic_store_explicit(&conn->slot->phase, PHASE_OVER, memory_order_release);
	conn_publish(conn);
}

bool life_waits_for_client(struct brood_conn *conn)
{
	if (!conn->service->config.handler.client_first || conn->transport->datagram)
		return false;
	deadline_begin(conn);
	if (io_look_for_request(conn) != -EAGAIN)
		return false;
	pool_give_kit(conn);
	return true;
}

void life_serve(struct brood_conn *conn)
{
	if (begin(conn))
		while (handle_request(conn) && awake(conn, io_wait_for_request(conn)))
			continue;
	finish(conn);
}

bool life_serve_some(struct brood_conn *conn, int woken)
{
	bool begun = atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) != PHASE_PLACED;
	bool goes_on = awake(conn, io_unpark(conn, woken));

	/* One that is to be served needs it; one that is over does not. */
	if (goes_on && pool_take_kit(conn) < 0)
		goes_on = awake(conn, io_break(conn, -ENOMEM));
	if (goes_on && !begun)
		goes_on = begin(conn);
	while (goes_on && handle_request(conn)) {
		int r = io_look_for_request(conn);

		if (r == -EAGAIN) {
			pool_give_kit(conn);
			return true;
		}
		goes_on = awake(conn, r);
	}
	finish(conn);
	return false;
}
