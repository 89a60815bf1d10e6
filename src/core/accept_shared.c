/* SPDX-License-Identifier: MIT */
#include "core/accept_shared.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "contract/transport.h"
#include "core/accept.h"
#include "core/engine_private.h"

/* Of what several processes accept from each hears of one client in turn; but who heard last, or first, would hear of most, unless
 * it goes to the end of the line now and then. Measured without: one worker took 3,000 of 3,000. */
uint32_t accept_shared_events(const struct service *service)
{
	return service->model.ops->shares_queues ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
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
