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
#include "supervise/verbs.h"

/* An honest process sends two in its life, and DEATHS_TOLD_A_SEC; what a flood leaves is read in the next turn. */
#define NOTICE_BATCH 64

void notice_say_ready(struct supervisor *supervisor)
{
	const struct supervise_config *config = supervisor->config;

	for (size_t i = 0; i < supervisor->service_count; i++)
		if (supervisor->services[i].state == SERVICE_STARTING)
			return;
	notify_ready(supervisor);
	if (!supervisor->said_ready && config->ready)
		config->ready(config->ready_arg, supervisor);
	supervisor->said_ready = true;
}

void notice_take_office(struct supervised *service)
{
	bool first = !service->restart.was_ready;

	loop_disarm(&service->supervisor->loop, &service->timer);
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
	channel_send(service->channel_source.fd, CHANNEL_GO, 0, NULL);
	if (service->workers)
		channel_send(service->channel_source.fd, CHANNEL_RESIZE, service->workers, NULL);
}

static void became_ready(struct supervised *service)
{
	struct supervisor *supervisor = service->supervisor;

	if (service->state != SERVICE_STARTING)
		return;
	if (service->generation->role == GENERATION_COMING) {
		loop_disarm(&supervisor->loop, &service->timer);
		reload_ready(service);
		return;
	}
	notice_take_office(service);
	if (!supervisor->said_ready)
		notice_say_ready(supervisor);
}

static void worker_died(struct supervised *service, const struct channel_message *message)
{
	struct death death;

	deaths_read(&death, service->effective.name, message->value, message->text);
	deaths_add(&service->supervisor->deaths, &death);
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
	case CHANNEL_DEATH:
		worker_died(service, message);
		break;
	case CHANNEL_TERM:
		stop_asked(service);
		break;
	case CHANNEL_QUIET:
		reload_quiet(service);
		break;
	case CHANNEL_RESIZED:
		verbs_resized(service, message->value, message->text);
		break;
	case CHANNEL_REOPENED:
		verbs_reopened(service, message->value, message->text);
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
