/* SPDX-License-Identifier: MIT */
#include "core/lines.h"

#include "base/clock.h"
#include "base/list.h"
#include "core/engine_private.h"

#define LINES_HOLD_MS 20

void lines_hold(struct service *service)
{
	struct ledger *ledger = service->ledger;

	if (ledger->holding)
		return;
	ledger->holding = true;
	ledger->lines.pid = service->model.pid;
}

static void about_to_sleep(struct loop_pause *pause)
{
	lines_flush(container_of(pause, struct ledger, lines_pause)->service);
}

void lines_hold_until_sleep(struct service *service)
{
	struct ledger *ledger = service->ledger;
	struct loop *loop = service->engine->loop;

	if (!loop->stays)
		return;
	if (ledger->holding && loop->now_ns - ledger->held_since_ns > LINES_HOLD_MS * NS_PER_MS)
		lines_flush(service);
	if (ledger->holding)
		return;
	ledger->held_since_ns = loop->now_ns;
	ledger->lines_pause.about_to = about_to_sleep;
	loop_before_sleep(loop, &ledger->lines_pause);
	lines_hold(service);
}

void lines_flush(struct service *service)
{
	struct ledger *ledger = service->ledger;

	if (ledger->holding)
		log_batch_flush(service->engine->log, &ledger->lines);
	ledger->holding = false;
}

void lines_close(struct service *service)
{
	lines_flush(service);
	loop_not_before_sleep(service->engine->loop, &service->ledger->lines_pause);
}
