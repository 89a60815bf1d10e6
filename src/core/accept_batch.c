/* SPDX-License-Identifier: MIT */
#include "core/accept_batch.h"

#include <errno.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/accept.h"
#include "core/engine_private.h"
#include "core/pool.h"

/* Connections are prepared for as many as may be there, by what was there last: an empty one costs, too. */
static int batch_size(const struct acceptor *acceptor)
{
	const struct model *model = &acceptor->service->model;
	int room = model->ops->room(model), size = acceptor->batch + 1;

	if (size > TRANSPORT_BATCH)
		size = TRANSPORT_BATCH;
	return size < room ? size : room;
}

int accept_batch(struct acceptor *acceptor)
{
	struct service *service = acceptor->service;
	struct brood_conn *conns[TRANSPORT_BATCH];
	int size = batch_size(acceptor), count = 0, n = -ENOMEM;
	int64_t now_ns = clock_now_ns();

	while (count < size && (conns[count] = pool_take(service))) {
		conns[count]->listener = &acceptor->listener;
		conns[count]->transport = acceptor->listener.transport;
		conns[count++]->accepted_ns = now_ns;
	}
	if (count > 0)
		n = acceptor->listener.transport->accept_some(&acceptor->listener, conns, count);
	for (int i = count - 1; i >= (n > 0 ? n : 0); i--)
		pool_give(conns[i]);
	acceptor->batch = n == count ? 2 * count : n > 0 ? n : 0;
	for (int i = 0; i < n; i++)
		accept_take_in(acceptor, conns[i]);
	return n == -EAGAIN ? 0 : n;
}
