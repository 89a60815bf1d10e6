/* SPDX-License-Identifier: MIT */
#include "supervise/state.h"

#include <assert.h>

#include "base/clock.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"

#define TO(state) (1U << (state))

static const struct {
	const char *name;
	unsigned int next;
} states[] = {
	[SERVICE_STARTING] = { "starting",
		TO(SERVICE_READY) | TO(SERVICE_DRAINING) | TO(SERVICE_STOPPED) | TO(SERVICE_FAILED) },
	[SERVICE_READY] = { "ready", TO(SERVICE_STARTING) | TO(SERVICE_DRAINING) | TO(SERVICE_STOPPED) },
	[SERVICE_DRAINING] = { "draining", TO(SERVICE_STOPPED) },
	[SERVICE_STOPPED] = { "stopped", 0 },
	[SERVICE_FAILED] = { "failed", 0 },
};

static void tell(struct supervisor *supervisor)
{
	size_t ready = 0;

	for (size_t i = 0; i < supervisor->service_count; i++)
		ready += supervisor->services[i].state == SERVICE_READY;
	notify_status(supervisor, "%s%zu of %zu services ready", supervisor->stop == STOP_NOT ? "" : "stopping, ",
		ready, supervisor->service_count);
}

void state_set(struct supervised *service, enum service_state state)
{
	if (service->state == state)
		return;
	assert(states[service->state].next & TO(state));
	report_event(service, BROOD_DEBUG, "state",
		(struct log_field[]){
			LOG_TEXT("from", states[service->state].name),
			LOG_TEXT("to", states[state].name),
		},
		2);
	service->state = state;
	service->state_since_ns = clock_now_ns();
	tell(service->supervisor);
}

bool state_is_final(enum service_state state)
{
	return states[state].next == 0;
}

const char *state_name(enum service_state state)
{
	return states[state].name;
}
