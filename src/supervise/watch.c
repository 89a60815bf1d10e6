/* SPDX-License-Identifier: MIT */
/*
 * Decides when an iterative service process has hung: its handler promised in its slot to be over by some time, and
 * kill_after has passed since; or it computes and computes and never waits (process/stall.h). (Other models watch their
 * workers themselves.) The slot is not to be trusted: all that a lie can bring about is the end of the liar, or the
 * patience that a handler without deadlines has anyway.
 */
#include "supervise/watch.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/list.h"
#include "contract/end_reason.h"
#include "contract/model.h"
#include "contract/placed.h"
#include "supervise/report.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "transport/address.h"

#define SWEEP_MS       250
#define PEER_TEXT_SIZE 128

static bool is_watched(const struct supervised *service)
{
	return service->effective.model == BROOD_ITERATIVE && service->effective.kill_after_ms != BROOD_OFF;
}

static uint64_t load(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

/* Of the one client in its own hands. Children (brood_fork) are watched by the service process. */
static bool is_in_hand(const struct slot *slot)
{
	return atomic_load_explicit(&slot->phase, memory_order_relaxed) != PHASE_OVER &&
	       !atomic_load_explicit(&slot->forked, memory_order_relaxed);
}

static bool is_overdue(const struct slot *slot, int64_t latest_ns)
{
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);

	return must_end_ns > 0 && must_end_ns <= latest_ns && is_in_hand(slot);
}

/* Under load it may serve one client after another and never have to wait for any. */
static uint64_t progress_of(const struct supervised *service)
{
	uint64_t progress = load(&board_tally(&service->board)->accepted);

	for (unsigned int i = 0; i < service->board.count; i++) {
		const struct slot *slot = board_slot(&service->board, i);

		progress += load(&slot->requests) + load(&slot->bytes_in) + load(&slot->bytes_out);
	}
	return progress;
}

static bool is_stuck(struct supervised *service)
{
	int64_t limit_ns = MODEL_STALL_CPU_MS * NS_PER_MS;

	return stall_look(&service->stall, service->child.pid, progress_of(service), limit_ns) > 0;
}

/* Where somebody is, or NULL: it may hang in a tick of the handler's. */
static struct slot *slot_in_hand(const struct supervised *service)
{
	for (unsigned int i = 0; i < service->board.count; i++) {
		struct slot *slot = board_slot(&service->board, i);

		if (is_in_hand(slot) && atomic_load_explicit(&placed_of(slot)->since_ns, memory_order_relaxed) > 0)
			return slot;
	}
	return NULL;
}

/* What its process cannot write any more. How it ended is told by death.c. */
static void tell_end(struct supervised *service, struct slot *slot, enum end_reason reason)
{
	const struct placed *placed = placed_of(slot);
	uint32_t peer_size = atomic_load_explicit(&placed->peer_size, memory_order_relaxed);
	union conn_address peer = placed->peer;
	char text[PEER_TEXT_SIZE];

	address_text(&peer.any, peer_size < sizeof peer ? peer_size : sizeof peer, text, sizeof text);
	report_event(service, BROOD_WARN, "end",
		(struct log_field[]){
			LOG_INT("worker", service->child.pid),
			LOG_TEXT("peer", text),
			LOG_TEXT("reason", end_reason_name(reason)),
			LOG_UINT("in", load(&slot->bytes_in)),
			LOG_UINT("out", load(&slot->bytes_out)),
			LOG_UINT("requests", load(&slot->requests)),
			LOG_INT("ms", (clock_now_ns() - placed->since_ns) / NS_PER_MS),
			LOG_TEXT("phase", slot_phase_name(slot->phase)),
		},
		8);
}

static void end_service(struct supervised *service, struct slot *slot, enum end_reason reason, const char *why)
{
	if (slot)
		tell_end(service, slot, reason);
	stop_kill_service(service, why);
}

static void sweep_service(struct supervised *service, int64_t now_ns)
{
	int64_t latest_ns = now_ns - service->effective.kill_after_ms * NS_PER_MS;

	if (!is_watched(service) || !supervised_has_process(service) || service->killed_for)
		return;
	/* Of an image of another version: what it says cannot be read, and its drain deadline must do. */
	if (service->board.fd < 0)
		return;
	for (unsigned int i = 0; i < service->board.count; i++) {
		struct slot *slot = board_slot(&service->board, i);

		if (is_overdue(slot, latest_ns)) {
			end_service(
				service, slot, END_WORKER_KILLED, "its handler did not come back after the deadline");
			return;
		}
	}
	if (is_stuck(service))
		end_service(service, slot_in_hand(service), END_WORKER_STUCK,
			"it used a minute of CPU without waiting for anything");
}

static void sweep(struct loop_timer *timer)
{
	struct supervisor *supervisor = container_of(timer, struct supervisor, sweep_timer);
	int64_t now_ns = supervisor->loop.now_ns;
	struct supervised *service = NULL;

	while ((service = generation_next(supervisor, service)))
		sweep_service(service, now_ns);
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
