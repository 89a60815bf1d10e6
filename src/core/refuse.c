/* SPDX-License-Identifier: MIT */
#include "core/refuse.h"

#include "base/clock.h"
#include "contract/transport.h"
#include "core/end.h"
#include "core/engine_private.h"

static void arm(struct service *service)
{
	loop_arm(service->engine->loop, &service->ledger->park_timer, clock_now_ns() + PARK_LOOK_MS * NS_PER_MS);
}

static void look(struct loop_timer *timer)
{
	struct ledger *ledger = container_of(timer, struct ledger, park_timer);

	if (park_look(&ledger->park, clock_now_ns()) > 0)
		arm(ledger->service);
}

void refuse_park(struct service *service, int fd)
{
	struct ledger *ledger = service->ledger;
	bool was_empty = ledger->park.count == 0;

	park_add(&ledger->park, fd, clock_now_ns());
	ledger->park_timer.fire = look;
	if (was_empty && ledger->park.count > 0)
		arm(service);
}

void refuse_say(struct brood_conn *conn)
{
	const struct brood_service *config = &conn->service->config;

	if (config->refusal_size > 0)
		conn->transport->send(conn, config->refusal, config->refusal_size);
	conn->transport->finish(conn);
}

void refuse_conn(struct brood_conn *conn, enum end_reason reason, int error)
{
	conn->slot->error = error;
	conn->pid = 0;
	if (!conn->transport->datagram) {
		refuse_say(conn);
		/* The connection goes on to its end without its descriptor. */
		refuse_park(conn->service, conn->fd);
		conn->fd = -1;
	}
	end_connection(conn, reason, NULL);
}

void refuse_stop(struct service *service)
{
	loop_disarm(service->engine->loop, &service->ledger->park_timer);
	park_close(&service->ledger->park);
}
