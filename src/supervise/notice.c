/* SPDX-License-Identifier: MIT */
/*
 * Decides what a message from a service process changes. All of it may be a lie of a handler that got hold of the
 * channel: a message can make its own service ready, failed or killed, and nothing else.
 */
#include "supervise/notice.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/channel.h"
#include "supervise/listeners.h"
#include "supervise/report.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"

/* An honest process sends two in its life; what a flood leaves is read in the next turn. */
#define NOTICE_BATCH 16

static void say_ready(struct supervisor *supervisor)
{
	const struct supervise_config *config = supervisor->config;

	if (supervisor->said_ready)
		return;
	for (size_t i = 0; i < supervisor->service_count; i++)
		if (supervisor->services[i].state == SERVICE_STARTING)
			return;
	supervisor->said_ready = true;
	if (config->ready)
		config->ready(config->ready_arg, supervisor);
}

static void became_ready(struct supervised *service)
{
	struct supervisor *supervisor = service->supervisor;
	bool first = !service->restart.was_ready;

	if (service->state != SERVICE_STARTING)
		return;
	loop_disarm(&supervisor->loop, &service->timer);
	restart_ready(&service->restart);
	state_set(service, SERVICE_READY);
	report_event(service, BROOD_INFO, "ready",
		(struct log_field[]){
			LOG_INT("process", service->child.pid),
			LOG_INT("after_ms", (clock_now_ns() - service->restart.started_ns) / NS_PER_MS),
		},
		2);
	if (first)
		listeners_announce(service);
	listeners_let_go_of_connected(service);
	say_ready(supervisor);
}

static void obey(struct supervised *service, const struct channel_message *message)
{
	switch (message->type) {
	case CHANNEL_READY:
		became_ready(service);
		break;
	case CHANNEL_FAILED:
		/* exit(3) keeps one byte: what is beyond it could come out as success. */
		service->said_exit_status = message->value >= 0 && message->value <= UINT8_MAX ? message->value : 0;
		snprintf(service->said.text, sizeof service->said.text, "%s", message->text);
		break;
	default:
		stop_kill_service(service, "it sent an order to its supervisor");
		break;
	}
}

void notice_read(struct supervised *service)
{
	struct channel_message message;
	int r;

	for (int i = 0; i < NOTICE_BATCH && service->channel_source.added; i++) {
		r = channel_receive(service->channel_source.fd, &message);
		if (r == 0) {
			obey(service, &message);
			continue;
		}
		if (r == -EAGAIN)
			return;
		if (r == -EBADMSG)
			stop_kill_service(service, "it sent a broken message to its supervisor");
		/* Closed or broken: its end will tell the rest. */
		loop_del(&service->supervisor->loop, &service->channel_source);
	}
}

void notice_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	notice_read(container_of(source, struct supervised, channel_source));
}
