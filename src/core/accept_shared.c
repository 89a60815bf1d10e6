/* SPDX-License-Identifier: MIT */
/*
 * The kernel tells of a client the first in line, of those whose loop sleeps: a busy one is passed over. Of a common queue all
 * have their turn. Where an address has several queues (reuseport=N) each is some worker's own, which stands first in
 * line there; the others stand behind it, and go back there with each client: they take whom it has no time for, or
 * whose worker is not there (docs/decisions/reuseport.md). Invariant: every worker has every queue in its loop.
 */
#include "core/accept_shared.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "contract/transport.h"
#include "core/accept.h"
#include "core/arena.h"
#include "core/engine_private.h"

#define ACCEPTS_UNTIL_TURN 16

static bool is_same_address(const struct acceptor *one, const struct acceptor *other)
{
	return strcmp(one->listener.url, other->listener.url) == 0;
}

static void deal(struct ledger *ledger, struct acceptor *acceptor, uint32_t rank)
{
	unsigned int before = 0, all = 0;

	for (size_t i = 0; i < ledger->acceptor_count; i++) {
		if (!is_same_address(acceptor, &ledger->acceptors[i]))
			continue;
		before += &ledger->acceptors[i] < acceptor;
		all++;
	}
	if (all == 1)
		return;
	acceptor->kind = before == rank % all ? QUEUE_OWN : QUEUE_OF_OTHERS;
	acceptor->siblings = all;
}

void accept_shared_deal(struct ledger *ledger, uint32_t rank)
{
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		deal(ledger, &ledger->acceptors[i], rank);
}

/* Of what several processes accept from each hears of one client in turn; but who heard last, or first, would hear of most, unless
 * it goes to the end of the line now and then. Measured without: one worker took 3,000 of 3,000. */
uint32_t accept_shared_events(const struct service *service)
{
	return service->model.ops->shares_queues ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
}

/* Who is in the middle of a batch of datagrams is passed over anyhow. */
bool accept_shared_is_their_turn(const struct acceptor *acceptor)
{
	const struct service *service = acceptor->service;
	bool alone;

	if (!service->model.ops->shares_queues)
		return false;
	switch (acceptor->kind) {
	case QUEUE_COMMON:
		return acceptor->since_turn >= ACCEPTS_UNTIL_TURN && !acceptor->listener.transport->datagram;
	case QUEUE_OWN:
		/* Of more workers than queues another one has it, too. */
		alone = atomic_load_explicit(&service->arena->standing->workers, memory_order_relaxed) <=
			acceptor->siblings;
		return acceptor->since_turn >= ACCEPTS_UNTIL_TURN && !alone;
	case QUEUE_OF_OTHERS:
		return acceptor->since_turn > 0;
	}
	return false;
}

/* Somebody who shares the queue has found it empty, while the service drains, and shut it down. */
bool accept_shared_is_over(const struct service *service, int error)
{
	return error == -EINVAL && service->model.ops->shares_queues;
}

/* Found empty once is drained: who comes later shall be refused. Where others have the socket, too, closing it would not do. */
void accept_shared_end(struct acceptor *acceptor)
{
	const struct listener *listener = &acceptor->listener;

	if (acceptor->service->model.ops->shares_queues && !listener->shared && !listener->transport->datagram)
		shutdown(listener->fd, SHUT_RDWR);
	accept_close_one(acceptor);
}
