/* SPDX-License-Identifier: MIT */
/*
 *   OPEN ── no room ──> FULL ── one ended ──> OPEN       OPEN ── accept or place failed ──> BACKOFF ── timer ──> OPEN
 *    └── all drained, or told to ──> CLOSED
 *
 * Out of OPEN the listeners are out of the loop: clients wait in the kernel's queue and cost nothing.
 * An end at the bound tries to accept before it puts the listeners back, so a saturated service makes no
 * epoll_ctl calls at all. Whoever was accepted when no worker could be made waits like those in the queue: an end may
 * give back what was missing, so it ends a BACKOFF, too.
 */
#include "core/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/placed.h"
#include "contract/transport.h"
#include "core/accept_batch.h"
#include "core/accept_shared.h"
#include "core/accept_standing.h"
#include "core/admit.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "core/first_read.h"
#include "core/pool.h"
#include "core/refuse.h"
#include "core/tell.h"
#include "core/ticking.h"
#include "transport/open.h"

#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 500

/* How long the loop waits for us while we drain. */
#define DRAIN_SLICE_MS 20

/* How long no worker can be made before clients are refused, one at each try, and not kept waiting. */
#define PLACE_PATIENCE_MS 2000

static void leave_loop(struct service *service)
{
	tally_set(&service->ledger->tally->paused, 1);
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		loop_del(service->engine->loop, &service->ledger->acceptors[i].source);
	if (service->crowd)
		crowd_is_away(service->crowd, true);
}

static void enter_backoff(struct service *service)
{
	service->ledger->backoff_ms = service->ledger->backoff_ms ? 2 * service->ledger->backoff_ms : BACKOFF_MIN_MS;
	if (service->ledger->backoff_ms > BACKOFF_MAX_MS)
		service->ledger->backoff_ms = BACKOFF_MAX_MS;
	leave_loop(service);
	service->ledger->accept_state = ACCEPT_BACKOFF;
	loop_arm(service->engine->loop, &service->ledger->backoff_timer,
		service->engine->loop->now_ns + service->ledger->backoff_ms * NS_PER_MS);
}

static void enter_full(struct service *service)
{
	const struct model *model = &service->model;

	leave_loop(service);
	service->ledger->accept_state = ACCEPT_FULL;
	tally_add(&service->ledger->tally->pauses, 1);
	/* Iterative is full whenever it is at work, and of several workers only the service process knows: nothing to tell. */
	if (!model->serving && !model->ops->shares_queues)
		model->host->log(service, BROOD_INFO, CAUSE_FULL,
			"%u clients are being served, which is the bound; the next "
			"ones wait",
			service->ledger->out_count);
}

void accept_close_one(struct acceptor *acceptor)
{
	if (acceptor->done)
		return;
	loop_del(acceptor->service->engine->loop, &acceptor->source);
	acceptor->done = true;
	/* Answers to datagrams still leave by this socket: the service closes it when nothing is out (engine.c). In a worker the
	 * table of descriptors may be its keeper's: the next one needs what is in there under the same number. */
	if (!acceptor->listener.transport->datagram && !acceptor->service->crowd)
		open_close(&acceptor->listener, !acceptor->service->engine->supervised);
}

static enum end_reason refusal_for(const struct service *service, int error)
{
	if (error == -ENOMEM)
		return END_REFUSED_NO_MEMORY;
	return service->config.model == BROOD_THREAD ? END_REFUSED_NO_THREAD : END_REFUSED_NO_PROCESS;
}

static void try_to_place(struct service *service, struct brood_conn *conn)
{
	struct ledger *ledger = service->ledger;
	struct model *model = &service->model;
	int64_t now_ns;
	int r;

	ledger->placeless = NULL;
	r = model->ops->place(model, conn);
	if (r == 0) {
		if (!service->crowd && conn->pid != model->pid)
			placed_worker(conn);
		ledger->backoff_ms = 0;
		ledger->placeless_since_ns = 0;
		return;
	}
	tally_add(&ledger->tally->place_errors, 1);
	model->host->log(service, BROOD_ERROR, CAUSE_WORKER, "cannot make a worker: %s; accepting pauses",
		strerrordesc_np(-r));
	enter_backoff(service);
	now_ns = clock_now_ns();
	if (ledger->placeless_since_ns == 0)
		ledger->placeless_since_ns = now_ns;
	if (now_ns - ledger->placeless_since_ns < PLACE_PATIENCE_MS * NS_PER_MS)
		ledger->placeless = conn;
	else
		refuse_conn(conn, refusal_for(service, r), r);
}

static void place(struct service *service, struct brood_conn *conn)
{
	tally_add(&service->ledger->tally->accepted, 1);
	service->ledger->last_accept_ns = conn->accepted_ns;
	list_append(&service->ledger->out, &conn->link);
	service->ledger->out_count++;
	tally_set(&service->ledger->tally->out, service->ledger->out_count);
	if (service->crowd) {
		crowd_seat(conn);
	} else {
		placed_begin(conn);
		ticking_start_sweep(service);
	}
	try_to_place(service, conn);
}

/* It is out only for as long as its end takes. */
static void refuse(struct service *service, struct brood_conn *conn, enum end_reason reason, int error)
{
	tally_add(&service->ledger->tally->accepted, 1);
	list_append(&service->ledger->out, &conn->link);
	service->ledger->out_count++;
	refuse_conn(conn, reason, error);
}

/* One try. 1: taken (or refused); 0: nothing there; -errno: accept failed. */
static int accept_one(struct acceptor *acceptor)
{
	struct service *service = acceptor->service;
	struct brood_conn *conn = pool_take(service);
	enum end_reason reason;
	int r;

	if (!conn)
		return -ENOMEM;
	conn->listener = &acceptor->listener;
	conn->transport = acceptor->listener.transport;
	conn->accepted_ns = clock_now_ns();
	r = conn->transport->accept(&acceptor->listener, conn);
	/* A connection we were handed already made (fd://N): there is no queue behind it. */
	if (acceptor->listener.connected)
		acceptor->done = true;
	if (conn->transport->datagram && r == 0)
		acceptor->dropped = conn->packet.dropped;
	if (r == -EMSGSIZE) {
		refuse(service, conn, END_TOO_LARGE, -EMSGSIZE);
		return 1;
	}
	if (r < 0) {
		pool_give(conn);
		return r == -EAGAIN ? 0 : r;
	}
	reason = admit(service, conn);
	if (reason == END_NONE)
		place(service, conn);
	else
		refuse(service, conn, reason, 0);
	return 1;
}

void accept_take_in(struct acceptor *acceptor, struct brood_conn *conn)
{
	struct service *service = acceptor->service;
	enum end_reason reason = END_TOO_LARGE;

	/* One waits for memory already, and has the only place to do so. */
	if (service->ledger->placeless)
		reason = END_REFUSED_NO_MEMORY;
	else if (conn->packet.size <= conn->packet.limit)
		reason = admit(service, conn);
	acceptor->dropped = conn->packet.dropped;
	if (reason == END_NONE)
		place(service, conn);
	else
		refuse(service, conn, reason, reason == END_TOO_LARGE ? -EMSGSIZE : 0);
}

static int accept_next(struct acceptor *acceptor)
{
	const struct model_ops *ops = acceptor->service->model.ops;

	return acceptor->listener.transport->accept_some && ops->shares_queues ? accept_batch(acceptor)
									       : accept_one(acceptor);
}

/* While draining the queue is to be found empty, so we are quicker than those who keep coming. But where place serves
 * (iterative) they may be quicker, and the drain deadline is to be heard all the same. */
static bool is_enough(const struct model *model, int taken, int64_t began_ns)
{
	if (model->draining)
		return clock_now_ns() - began_ns > DRAIN_SLICE_MS * NS_PER_MS;
	return taken >= model->ops->accept_batch;
}

/* For a worker of many the service process counts, and says it. */
static void tell_failure(const struct acceptor *acceptor, int error)
{
	struct service *service = acceptor->service;

	if (service->crowd) {
		tell_accept_error(service->arena, error);
		return;
	}
	tally_add(&service->ledger->tally->accept_errors, 1);
	service->model.host->log(service, BROOD_ERROR, CAUSE_ACCEPT, "cannot accept on %s: %s; accepting pauses",
		acceptor->listener.url, strerrordesc_np(-error));
}

/* As many as there are, room allows and fairness to the rest of the loop permits. */
static void accept_from(struct acceptor *acceptor)
{
	struct service *service = acceptor->service;
	const struct model *model = &service->model;
	int64_t began_ns = model->draining ? clock_now_ns() : 0;

	for (int taken = 0, r; !is_enough(model, taken, began_ns); taken += r) {
		if (acceptor->done || service->ledger->held || service->ledger->accept_state != ACCEPT_OPEN)
			return;
		if (model->ops->room(model) <= 0) {
			enter_full(service);
			return;
		}
		r = accept_next(acceptor);
		if (accept_shared_is_over(service, r)) {
			accept_close_one(acceptor);
			return;
		}
		if (r < 0) {
			tell_failure(acceptor, r);
			enter_backoff(service);
			return;
		}
		if (r == 0 && model->draining)
			accept_shared_end(acceptor);
		if (r == 0) {
			acceptor->listener.empty_ns = clock_now_ns();
			return;
		}
		acceptor->since_turn += (unsigned int)r;
	}
	/* Else we would be told of the next client, whom others could take. */
	if (model->ops->shares_queues && !model->draining && model->ops->room(model) <= 0)
		enter_full(service);
}

static bool enter_loop(struct service *service)
{
	bool any = false;

	tally_set(&service->ledger->tally->paused, 0);
	if (service->crowd)
		crowd_is_away(service->crowd, false);
	for (size_t i = 0; i < service->ledger->acceptor_count; i++) {
		struct acceptor *acceptor = &service->ledger->acceptors[i];
		int r = 0;

		if (acceptor->done)
			continue;
		any = true;
		if (!acceptor->source.added && !acceptor->listener.connected) {
			r = loop_add(service->engine->loop, &acceptor->source, accept_shared_events(service));
			acceptor->since_turn = 0;
		}
		if (r < 0) {
			enter_backoff(service);
			return true;
		}
	}
	return any;
}

/* While draining, whether there is more. Else a waiting iterative handler met the next client, or the stop, while accept
 * was not done with its own; that is over. */
static bool missed_something(const struct service *service)
{
	const struct model *model = &service->model;

	if (service->ledger->accept_state == ACCEPT_OPEN)
		return model->draining;
	return service->ledger->accept_state == ACCEPT_FULL && model->ops->room(model) > 0;
}

/* Try every listener once, beginning with another one each time, then leave the rest to the loop. */
static void accept_pass(struct service *service)
{
	if (service->ledger->accepting || service->ledger->accept_state == ACCEPT_CLOSED)
		return;
	service->ledger->accepting = true;
	loop_disarm(service->engine->loop, &service->ledger->backoff_timer);
	service->ledger->accept_state = ACCEPT_OPEN;
	if (service->ledger->placeless)
		try_to_place(service, service->ledger->placeless);
	for (size_t i = 0; i < service->ledger->acceptor_count && service->ledger->accept_state == ACCEPT_OPEN; i++)
		accept_from(
			&service->ledger
				 ->acceptors[(service->ledger->next_acceptor + i) % service->ledger->acceptor_count]);
	service->ledger->next_acceptor++;
	service->ledger->accepting = false;
	if (service->ledger->held)
		return;
	if (service->ledger->accept_state == ACCEPT_OPEN && !enter_loop(service)) {
		service->ledger->accept_state = ACCEPT_CLOSED;
		engine_check_over(service->engine);
	}
	/* By the timer: a call would nest for ever. */
	if (missed_something(service))
		loop_arm(service->engine->loop, &service->ledger->backoff_timer, 0);
}

static void resume_if_room(struct service *service)
{
	if (missed_something(service))
		accept_pass(service);
}

/* Whoever is in the queue when the loop was asleep came just now. A foreign loop does not tell when it is. */
static void note_sleep(struct acceptor *acceptor, const struct loop *loop)
{
	if (loop->slept)
		acceptor->listener.empty_ns = loop->now_ns;
	else if (loop->timer_fd >= 0)
		acceptor->listener.empty_ns = 0;
}

void accept_listen_anew(struct service *service)
{
	struct ledger *ledger = service->ledger;

	if (ledger->accept_state != ACCEPT_OPEN || ledger->held)
		return;
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		loop_del(service->engine->loop, &ledger->acceptors[i].source);
	enter_loop(service);
}

/* To the end of the line of those who have this queue in a loop. */
static void give_others_a_turn(struct acceptor *acceptor)
{
	if (!accept_shared_is_their_turn(acceptor))
		return;
	loop_del(acceptor->service->engine->loop, &acceptor->source);
	enter_loop(acceptor->service);
}

static void acceptor_ready(struct loop_source *source, uint32_t events)
{
	struct acceptor *acceptor = container_of(source, struct acceptor, source);
	struct service *service = acceptor->service;

	(void)events;
	note_sleep(acceptor, service->engine->loop);
	if (service->ledger->accepting) {
		/* In the loop of a waiting iterative handler. */
		enter_full(service);
		return;
	}
	service->ledger->accepting = true;
	accept_from(acceptor);
	service->ledger->accepting = false;
	resume_if_room(service);
	if (service->ledger->accept_state == ACCEPT_OPEN)
		give_others_a_turn(acceptor);
}

static void backoff_over(struct loop_timer *timer)
{
	accept_pass(container_of(timer, struct ledger, backoff_timer)->service);
}

void accept_resume(struct service *service)
{
	if (service->ledger->accept_state == ACCEPT_BACKOFF)
		accept_pass(service);
	else
		resume_if_room(service);
}

/* The file is shared with whoever had the listener before us, and standing workers want to wait in accept. */
static void make_nonblocking(struct service *service)
{
	for (size_t i = 0; i < service->ledger->acceptor_count; i++) {
		const struct listener *listener = &service->ledger->acceptors[i].listener;
		int flags = listener->shared ? -1 : fcntl(listener->fd, F_GETFL);

		first_read_prepare(service, listener);
		if (flags >= 0 && !(flags & O_NONBLOCK))
			fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK);
	}
}

int accept_open(struct service *service)
{
	if (service->model.ops->standing)
		return accept_standing_open(service);
	service->ledger->backoff_timer.fire = backoff_over;
	for (size_t i = 0; i < service->ledger->acceptor_count; i++) {
		struct acceptor *acceptor = &service->ledger->acceptors[i];

		acceptor->source = (struct loop_source){ .fd = acceptor->listener.fd, .ready = acceptor_ready };
	}
	service->ledger->accept_state = ACCEPT_OPEN;
	service->ledger->last_accept_ns = clock_now_ns();
	if (service->ledger->held)
		return 0;
	make_nonblocking(service);
	/* Through the timer, so that nothing is served before brood_run. */
	return loop_arm(service->engine->loop, &service->ledger->backoff_timer, 0);
}

void accept_go(struct service *service)
{
	if (!service->ledger->held)
		return;
	service->ledger->held = false;
	if (service->model.ops->standing) {
		accept_standing_go(service);
		return;
	}
	make_nonblocking(service);
	if (service->ledger->accept_state == ACCEPT_OPEN)
		accept_pass(service);
}

void accept_yield(struct service *service)
{
	service->ledger->held = true;
	leave_loop(service);
}

void accept_leave(struct service *service, uint32_t passed_on)
{
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		if (passed_on & UINT32_C(1) << i)
			accept_close_one(&service->ledger->acceptors[i]);
	accept_drain(service);
}

void accept_drain(struct service *service)
{
	service->ledger->held = false;
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		if (!service->engine->supervised)
			open_unlink(&service->ledger->acceptors[i].listener);
	if (service->model.ops->standing)
		accept_standing_drain(service);
	else if (service->ledger->accept_state == ACCEPT_OPEN || service->ledger->accept_state == ACCEPT_BACKOFF)
		accept_pass(service);
}

void accept_close(struct service *service)
{
	struct brood_conn *placeless = service->ledger->placeless;

	loop_disarm(service->engine->loop, &service->ledger->backoff_timer);
	service->ledger->accept_state = ACCEPT_CLOSED;
	service->ledger->placeless = NULL;
	if (placeless)
		refuse_conn(placeless, END_STOPPED, 0);
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		accept_close_one(&service->ledger->acceptors[i]);
}
