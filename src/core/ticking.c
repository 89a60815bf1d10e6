/* SPDX-License-Identifier: MIT */
#include "core/ticking.h"

#include "base/clock.h"
#include "core/engine_private.h"
#include "core/share.h"

static void call_moment(struct service *service, void (*moment)(void *app), const char *name)
{
	int64_t start_ns = clock_now_ns();
	int64_t took_ms;

	moment(service->app);
	took_ms = (clock_now_ns() - start_ns) / NS_PER_MS;
	if (took_ms > TICKING_SLOW_MS)
		service->model.host->log(service, BROOD_WARN, CAUSE_TICK,
			"%s took %d ms; nobody is accepted meanwhile", name, (int)took_ms);
}

static bool wants_idle(const struct service *service)
{
	return service->config.handler.idle && service->config.idle_ms > 0;
}

static void tick_service(struct service *service, int64_t now_ns)
{
	const struct brood_handler *handler = &service->config.handler;

	/* Its own thread is inside handle: tick and idle are promised to run between events. */
	if (service->model.serving)
		return;
	if (handler->tick)
		call_moment(service, handler->tick, "tick");
	if (wants_idle(service) && now_ns - service->ledger->last_accept_ns >= service->config.idle_ms * NS_PER_MS) {
		service->ledger->last_accept_ns = now_ns;
		call_moment(service, handler->idle, "idle");
	}
}

static void tick(struct loop_timer *timer)
{
	struct brood *engine = container_of(timer, struct brood, tick_timer);

	for (size_t i = 0; i < engine->service_count; i++)
		tick_service(engine->services[i], engine->loop->now_ns);
	loop_arm(engine->loop, timer, engine->loop->now_ns + TICKING_PERIOD_MS * NS_PER_MS);
}

int ticking_start(struct brood *engine)
{
	bool wanted = false;

	for (size_t i = 0; i < engine->service_count; i++)
		wanted = wanted || engine->services[i]->config.handler.tick || wants_idle(engine->services[i]);
	engine->tick_timer.fire = tick;
	return wanted ? loop_arm(engine->loop, &engine->tick_timer, clock_now_ns() + TICKING_PERIOD_MS * NS_PER_MS)
		      : 0;
}

void ticking_stop(struct brood *engine)
{
	loop_disarm(engine->loop, &engine->tick_timer);
	for (size_t i = 0; i < engine->service_count; i++)
		loop_disarm(engine->loop, &engine->services[i]->ledger->sweep_timer);
}

static void sweep(struct loop_timer *timer)
{
	struct service *service = container_of(timer, struct ledger, sweep_timer)->service;

	service->ledger->sweeping = false;
	if (service->ledger->out_count == 0)
		return;
	service->model.ops->sweep(&service->model, service->engine->loop->now_ns);
	share_look_for_waiting(service);
	ticking_start_sweep(service);
	engine_check_over(service->engine); /* it may have given up the last that was waited for */
}

void ticking_start_sweep(struct service *service)
{
	struct loop *loop = service->engine->loop;

	if (service->ledger->sweeping)
		return;
	service->ledger->sweep_timer.fire = sweep;
	service->ledger->sweeping =
		loop_arm(loop, &service->ledger->sweep_timer, loop->now_ns + TICKING_SWEEP_MS * NS_PER_MS) == 0;
}
