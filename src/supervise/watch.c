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

static void sweep_service(struct supervised *service, int64_t now_ns)
{
	int64_t latest_ns = now_ns - service->effective.kill_after_ms * NS_PER_MS;
	int64_t must_end_ns;

	if (!is_watched(service) || !supervised_has_process(service) || service->killed_for)
		return;
	must_end_ns = atomic_load_explicit(&board_slot(&service->board, 0)->must_end_ns, memory_order_relaxed);
	if (must_end_ns <= 0 || must_end_ns > latest_ns)
		return;
	report_event(service, BROOD_WARN, "end",
		(struct log_field[]){
			LOG_TEXT("reason", end_reason_name(END_WORKER_KILLED)),
			LOG_INT("pid", service->child.pid),
			LOG_INT("late_ms", (now_ns - must_end_ns) / NS_PER_MS),
		},
		3);
	stop_kill_service(service, "its handler did not come back after the deadline");
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
