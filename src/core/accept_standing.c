/* SPDX-License-Identifier: MIT */
/*
 *   OPEN ── all workers busy, and somebody waits ──> FULL ── one is not ──> OPEN ── queues empty, draining ──> CLOSED
 *
 * The listeners are in the loop only while all workers are busy, and then only until the first client is seen to wait.
 */
#include "core/accept_standing.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/accept.h"
#include "core/arena.h"
#include "core/engine_private.h"
#include "core/first_read.h"
#include "core/share.h"
#include "transport/open.h"

/* Of the file that all who have the socket share: so only while nobody else accepts, and never of one given to us. */
static void set_waiting(const struct listener *listener, bool waits)
{
	int flags = listener->shared ? -1 : fcntl(listener->fd, F_GETFL);

	if (flags >= 0)
		fcntl(listener->fd, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void prepare_first_reads(struct service *service)
{
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		if (!service->ledger->acceptors[i].done)
			first_read_prepare(service, &service->ledger->acceptors[i].listener);
}

static void set_all_waiting(struct service *service, bool waits)
{
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		if (!service->ledger->acceptors[i].done)
			set_waiting(&service->ledger->acceptors[i].listener, waits);
}

static void stop_watching(struct service *service)
{
	for (size_t i = 0; i < service->ledger->acceptor_count; i++)
		loop_del(service->engine->loop, &service->ledger->acceptors[i].source);
}

static void somebody_waits(struct loop_source *source, uint32_t events)
{
	struct service *service = container_of(source, struct acceptor, source)->service;
	struct ledger *ledger = service->ledger;

	(void)events;
	stop_watching(service);
	ledger->accept_state = ACCEPT_FULL;
	tally_set(&ledger->tally->paused, 1);
	tally_add(&ledger->tally->pauses, 1);
	share_look_for_waiting(service);
	service->model.host->log(service, BROOD_INFO, CAUSE_FULL,
		"%d clients are being served, which is the bound; the next ones wait",
		(int)atomic_load_explicit(&ledger->tally->capacity, memory_order_relaxed));
}

static void begin(struct loop_timer *timer)
{
	struct service *service = container_of(timer, struct ledger, backoff_timer)->service;

	accept_standing_go(service);
	service->model.ops->go(&service->model);
}

int accept_standing_open(struct service *service)
{
	struct ledger *ledger = service->ledger;

	for (size_t i = 0; i < ledger->acceptor_count; i++) {
		struct acceptor *acceptor = &ledger->acceptors[i];

		acceptor->source = (struct loop_source){ .fd = acceptor->listener.fd, .ready = somebody_waits };
	}
	ledger->accept_state = ACCEPT_OPEN;
	ledger->last_accept_ns = clock_now_ns();
	if (ledger->held)
		return 0;
	/* Through the timer, so that nobody is served before brood_run. */
	ledger->backoff_timer.fire = begin;
	return loop_arm(service->engine->loop, &ledger->backoff_timer, 0);
}

void accept_standing_go(struct service *service)
{
	prepare_first_reads(service);
	set_all_waiting(service, service->arena->waits);
	tally_set(&service->ledger->tally->paused, 0);
}

void accept_standing_saturated(struct service *service, bool now)
{
	struct ledger *ledger = service->ledger;

	if (ledger->accept_state == ACCEPT_CLOSED || ledger->held)
		return;
	if (now == ledger->saturated) {
		if (ledger->accept_state == ACCEPT_FULL)
			share_look_for_waiting(service);
		return;
	}
	ledger->saturated = now;
	stop_watching(service);
	ledger->accept_state = ACCEPT_OPEN;
	tally_set(&ledger->tally->paused, 0);
	share_look_for_waiting(service);
	for (size_t i = 0; now && i < ledger->acceptor_count; i++)
		if (!ledger->acceptors[i].done)
			loop_add(service->engine->loop, &ledger->acceptors[i].source, EPOLLIN);
}

bool accept_standing_anyone_waits(const struct service *service)
{
	const struct ledger *ledger = service->ledger;
	struct pollfd fds[ENGINE_LISTENERS];

	for (size_t i = 0; i < ledger->acceptor_count; i++)
		fds[i] = (struct pollfd){ .fd = ledger->acceptors[i].done ? -1 : ledger->acceptors[i].listener.fd,
			.events = POLLIN };
	if (poll(fds, ledger->acceptor_count, 0) <= 0)
		return false;
	/* One that a worker has shut down is readable for ever. */
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		if (fds[i].revents & POLLIN && !(fds[i].revents & POLLHUP))
			return true;
	return false;
}

void accept_standing_emptied(struct service *service)
{
	struct ledger *ledger = service->ledger;

	if (ledger->accept_state == ACCEPT_CLOSED)
		return;
	stop_watching(service);
	ledger->accept_state = ACCEPT_CLOSED;
	for (size_t i = 0; i < ledger->acceptor_count; i++) {
		struct acceptor *acceptor = &ledger->acceptors[i];

		/* Busy workers have it, too: closing alone would leave the port open until the last of them is done. */
		if (!acceptor->done && !acceptor->listener.shared && !acceptor->listener.transport->datagram)
			shutdown(acceptor->listener.fd, SHUT_RDWR);
		accept_close_one(acceptor);
	}
	engine_check_over(service->engine);
}

void accept_standing_drain(struct service *service)
{
	struct ledger *ledger = service->ledger;
	uint32_t queues = 0;

	set_all_waiting(service, false);
	stop_watching(service);
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		if (!ledger->acceptors[i].done)
			queues |= UINT32_C(1) << i;
	service->model.ops->empty(&service->model, queues);
}
