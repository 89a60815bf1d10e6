/* SPDX-License-Identifier: MIT */
/*
 * Decides when an iterative service process has hung: its handler promised in its slot to be over by some time, and
 * kill_after has passed since. (Other models watch their workers themselves.) The slot is not to be trusted: all
 * that a lie can bring about is the end of the liar, or the patience that a handler without deadlines has anyway.
 */
#include "supervise/watch.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/list.h"
#include "contract/end_reason.h"
#include "supervise/report.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"

#define SWEEP_MS 250

static bool is_watched(const struct supervised *service)
{
	return service->effective.model == BROOD_ITERATIVE && service->effective.kill_after_ms != BROOD_OFF;
}

/* The slot of the one client in its own hands. Children (brood_fork) are watched by the service process. */
static bool is_overdue(const struct slot *slot, int64_t latest_ns)
{
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);

	return must_end_ns > 0 && must_end_ns <= latest_ns &&
	       atomic_load_explicit(&slot->phase, memory_order_relaxed) != PHASE_OVER &&
	       !atomic_load_explicit(&slot->forked, memory_order_relaxed);
}

static void end_service(struct supervised *service, const struct slot *slot)
{
	report_event(service, BROOD_WARN, "end",
		(struct log_field[]){
			LOG_INT("worker", service->child.pid),
			LOG_TEXT("reason", end_reason_name(END_WORKER_KILLED)),
			LOG_UINT("in", atomic_load_explicit(&slot->bytes_in, memory_order_relaxed)),
			LOG_UINT("out", atomic_load_explicit(&slot->bytes_out, memory_order_relaxed)),
			LOG_UINT("requests", atomic_load_explicit(&slot->requests, memory_order_relaxed)),
		},
		5);
	stop_kill_service(service, "its handler did not come back after the deadline");
}

static void sweep_service(struct supervised *service, int64_t now_ns)
{
	int64_t latest_ns = now_ns - service->effective.kill_after_ms * NS_PER_MS;

	if (!is_watched(service) || !supervised_has_process(service) || service->killed_for)
		return;
	for (unsigned int i = 0; i < service->board.count; i++) {
		const struct slot *slot = board_slot(&service->board, i);

		if (is_overdue(slot, latest_ns)) {
			end_service(service, slot);
			return;
		}
	}
}

static void sweep(struct loop_timer *timer)
{
	struct supervisor *supervisor = container_of(timer, struct supervisor, sweep_timer);
	int64_t now_ns = supervisor->loop.now_ns;

	for (size_t i = 0; i < supervisor->service_count; i++)
		sweep_service(&supervisor->services[i], now_ns);
	loop_arm(&supervisor->loop, timer, now_ns + SWEEP_MS * NS_PER_MS);
}

int watch_start(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->service_count; i++) {
		if (!is_watched(&supervisor->services[i]))
			continue;
		supervisor->sweep_timer.fire = sweep;
		return loop_arm(&supervisor->loop, &supervisor->sweep_timer, clock_now_ns() + SWEEP_MS * NS_PER_MS);
	}
	return 0;
}
