/* SPDX-License-Identifier: MIT */
#include "supervise/state.h"

#include <assert.h>

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
}

bool state_is_final(enum service_state state)
{
	return states[state].next == 0;
}
