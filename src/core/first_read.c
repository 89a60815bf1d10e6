/* SPDX-License-Identifier: MIT */
#include "core/first_read.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "contract/transport.h"
#include "core/engine_private.h"

/* Moments before handle may take their time, which the socket would not know of. */
bool first_read_may_block(const struct service *service)
{
	const struct brood_service *config = &service->config;
	const struct model_ops *ops = engine_model_ops(config->model);

	return ops->standing && !ops->many && config->first_byte_timeout_ms > 0 && config->request_timeout_ms < 0 &&
	       config->total_timeout_ms < 0 && config->min_rate < 0 && !config->handler.verify &&
	       !config->handler.setup;
}

void first_read_prepare(const struct service *service, const struct listener *listener)
{
	int ms = first_read_may_block(service) ? service->config.first_byte_timeout_ms : 0;
	const struct timeval timeout = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	/* A Unix socket does not hand it down. */
	if (!listener->shared && listener->family == LISTENER_TCP)
		setsockopt(listener->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}
