/* SPDX-License-Identifier: MIT */
/*
 *   STARTING ── start, and somebody says go ──→ IDLE ── accepted ──→ BUSY ── closed, recorded ──→ IDLE …
 *                                                 └── told to leave, one-shot, nobody left in the queue ──→ LEAVING
 *
 * One writer of the area: this file and tell.c. Per client there are no system calls but accept4, those of its life, and
 * close: everything else is in shared memory.
 */
#include "core/take.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/admission.h"
#include "core/admit.h"
#include "core/arena.h"
#include "core/arena_check.h"
#include "core/burden.h"
#include "core/engine_private.h"
#include "core/gate.h"
#include "core/host.h"
#include "core/life.h"
#include "core/pool.h"
#include "core/tell.h"
#include "core/turnstile.h"
#include "platform/direct.h"
#include "process/warm.h"

#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 500

/* Until somebody says go: seldom longer than it takes another process to let go of the listeners. */
#define CLOSED_LOOK_MS 2

static bool is_told(const struct arena *arena, enum standing_order order)
{
	/* Sequentially consistent, as the state that tell_state wrote just before: either the service process sees that
	 * we wait and sends a signal, or we see its word here. */
	return atomic_load(&arena->standing->order) == order;
}

/* Everything must end, or whoever would say so is gone. In a process of brood's own we do not outlive it anyhow. */
static bool is_alone(const struct arena *arena)
{
	return !arena->service->engine->supervised && direct_getppid() != arena->parent;
}

static void pause_ms(const struct arena *arena, int ms)
{
	struct pollfd life = { .fd = arena->life_fd };

	poll(&life, 1, ms);
}

static void wait_for_go(struct arena *arena)
{
	if (arena->open)
		return;
	while (!atomic_load(&arena->standing->open) && is_told(arena, STANDING_STAY) && !is_alone(arena)) {
		pause_ms(arena, CLOSED_LOOK_MS);
		tell_refresh(arena);
	}
}

/* ---- One client ---- */

/* Without an end of its own it was cut off like everything else: then it ends with us. */
static void join_heir(struct brood_conn *conn)
{
	conn->model->ops->join(conn);
	if (atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) == PHASE_OVER)
		return;
	atomic_store_explicit(&conn->slot->reason, END_SUPERVISOR_GONE, memory_order_relaxed);
	atomic_store_explicit(&conn->slot->phase, PHASE_OVER, memory_order_relaxed);
}

/* Nothing is left to do before it exits. */
static bool is_all_done(const struct arena *arena)
{
	const struct brood_conn *conn = &arena->conn;

	return !conn->forked && conn->transport->datagram == false && !conn->service->config.handler.stop &&
	       arena->park.count == 0;
}

/* True: by a handler. */
static bool serve(struct arena *arena)
{
	struct admit_client client = { .queue_wait = QUEUE_WAIT_UNKNOWN };
	enum end_reason would = END_NONE;
	struct brood_conn *conn = &arena->conn;
	bool limited = admit_look(arena->service, conn, &client);
	bool let_in;

	tell_client(arena, &client, limited);
	let_in = !limited || turnstile_lets_in(arena, &client, &would);
	if (let_in)
		life_serve(conn);
	else
		turnstile_refuse(arena);
	if (conn->forked)
		join_heir(conn);
	/* The child that brood_fork made: the rest is the worker's business. And the end of one that serves nobody else tells
	 * the rest by itself (core/harvest.c). */
	if (conn->heir_here)
		return true;
	/* Now, and not by exiting: that takes its time, and what the client sends meanwhile would be answered by a reset. */
	conn->transport->close(conn);
	arena->is_over = arena->one_shot && let_in && would == END_NONE && is_all_done(arena);
	if (arena->is_over)
		return true;
	arena->requests += atomic_load_explicit(&conn->slot->requests, memory_order_relaxed);
	tell_end(arena, &client, would);
	return let_in;
}

/* A datagram longer than allowed: it was somebody, but there is nothing to serve. */
static void serve_too_large(struct arena *arena)
{
	struct slot *slot = arena->conn.slot;

	tell_client(arena, &(struct admit_client){ .queue_wait = QUEUE_WAIT_UNKNOWN }, false);
	slot->error = -EMSGSIZE;
	atomic_store_explicit(&slot->reason, END_TOO_LARGE, memory_order_relaxed);
	atomic_store_explicit(&slot->phase, PHASE_OVER, memory_order_relaxed);
	tell_end(arena, &(struct admit_client){ .queue_wait = QUEUE_WAIT_UNKNOWN }, END_NONE);
}

/* ---- From one client to the next ---- */

/* A worker that heard of a drain before us may have shut the queue down (EINVAL): then the word for us is on its way, and is
 * no error unless it never comes. */
static void back_off(struct arena *arena, int error)
{
	arena->backoff_ms = arena->backoff_ms ? 2 * arena->backoff_ms : BACKOFF_MIN_MS;
	if (arena->backoff_ms > BACKOFF_MAX_MS)
		arena->backoff_ms = BACKOFF_MAX_MS;
	if (error != -EINVAL || arena->backoff_ms == BACKOFF_MAX_MS)
		tell_accept_error(arena, error);
	pause_ms(arena, arena->backoff_ms);
}

static int next_client(struct arena *arena)
{
	int r = -ESHUTDOWN;
	bool limited;

	if (is_told(arena, STANDING_LEAVE))
		return -ESHUTDOWN;
	if (arena->park.count > 0)
		turnstile_look_after_refused(arena);
	arena_check(arena);
	/* Somebody came, whom another worker may take: then those whom we refused would wait with us. */
	limited = arena->park.count > 0;
	if (limited)
		gate_limit(arena, PARK_MS);
	if (is_told(arena, STANDING_STAY))
		r = gate_take(arena, &arena->conn);
	if (limited)
		gate_limit(arena, 0);
	if (r == -ESHUTDOWN)
		tell_refresh(arena);
	if (r == -ESHUTDOWN && is_told(arena, STANDING_EMPTY))
		r = gate_take_queued(arena, &arena->conn);
	return r;
}

/* False: it is time to go. */
static bool handle_next(struct arena *arena)
{
	int r = next_client(arena);

	switch (r) {
	case 0:
		arena->backoff_ms = 0;
		/* Who was refused met nothing of the handler's: the worker is as new as before. */
		return !serve(arena) || !arena->one_shot;
	case -EMSGSIZE:
		serve_too_large(arena);
		return true;
	case -EAGAIN:
		return !is_told(arena, STANDING_EMPTY);
	case -ESHUTDOWN:
		/* By a signal that nobody of ours sent, there is no word to it. */
		return is_told(arena, STANDING_STAY) && !is_alone(arena) && gate_restore(arena) == 0;
	default:
		if (!is_told(arena, STANDING_STAY))
			return false;
		back_off(arena, r);
		return true;
	}
}

static void enter(struct arena *arena, unsigned int index, pid_t parent)
{
	struct brood_conn *conn = &arena->conn;

	arena->index = index;
	arena->parent = parent;
	arena->standing = arena->board_fd < 0 ? arena->service->board.loan : &arena->own;
	conn->index = index;
	conn->publish_fd = arena->board_fd;
	conn->publish_at = (off_t)(index * arena->service->board.area_size);
	conn->slot = &arena->standing->seat.slot;
}

int take_prepare(struct arena *arena)
{
	struct service *service = arena->service;
	int r = burden_begin(arena);

	if (r == 0)
		r = admission_enter_worker(service);
	if (r == 0)
		r = stray_watch(&arena->stray);
	return r < 0 ? r : service->model.host->worker_start(service);
}

static int prepare(struct arena *arena)
{
	struct service *service = arena->service;
	int r = take_prepare(arena);

	if (r < 0)
		return r;
	r = gate_open(arena);
	if (r < 0)
		service->model.host->worker_stop(service);
	return r;
}

/* Two faults less between accept and answer: a tenth of the latency at low load (docs/decisions/standing.md). */
static void warm_up(const struct arena *arena)
{
	warm_stack();
	warm_code((void (*)(void))arena->service->config.handler.handle);
}

int take_stand(struct service *service, unsigned int index, pid_t parent)
{
	struct arena *arena = service->arena;
	bool go_on;
	int r;

	enter(arena, index, parent);
	r = prepare(arena);
	if (r < 0) {
		tell_failed(arena, r);
		return r;
	}
	tell_ready(arena);
	if (arena->one_shot)
		warm_up(arena);
	wait_for_go(arena);
	go_on = !is_alone(arena);
	while (go_on) {
		pool_renew(&arena->conn);
		arena->conn.child = arena->conn.sole = true;
		stray_begin(&arena->stray);
		go_on = handle_next(arena);
		if (arena->conn.heir_here || arena->is_over)
			return 0;
		if (go_on)
			burden_look(arena);
	}
	tell_leaving(arena);
	turnstile_close(arena);
	gate_close(arena);
	service->model.host->worker_stop(service);
	return 0;
}
