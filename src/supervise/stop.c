/* SPDX-License-Identifier: MIT */
/*
 * Decides who is told what, and for how long we wait, when services stop. A drain first takes away the Unix paths and
 * our copies of the sockets: the service process has its own and accepts what is queued before it closes them, while
 * ours would keep the port open for clients whom nobody serves.
 */
#include "supervise/stop.h"

#include <signal.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/channel.h"
#include "supervise/listeners.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"

/* For a service process to end its connections, write their end records and go: more than it gives its threads. */
#define QUICK_GRACE_MS 3000

void stop_kill_service(struct supervised *service, const char *why)
{
	if (!supervised_has_process(service) || service->killed_for)
		return;
	service->killed_for = why;
	/* Both: it may not have its group yet, or have left it. */
	child_signal(&service->child, SIGKILL);
	kill(-service->child.pid, SIGKILL);
}

static void grace_over(struct loop_timer *timer)
{
	stop_kill_service(container_of(timer, struct supervised, timer), "it did not stop in time");
}

static void stop_quickly(struct supervised *service)
{
	channel_send(service->channel_source.fd, CHANNEL_STOP, 0, NULL);
	service->timer.fire = grace_over;
	loop_arm(&service->supervisor->loop, &service->timer, clock_now_ns() + QUICK_GRACE_MS * NS_PER_MS);
}

/* The engine has the same deadline and cuts off what is unfinished; ours is for an engine that hangs. */
static void drain(struct supervised *service)
{
	struct loop *loop = &service->supervisor->loop;
	int64_t patience_ms = (int64_t)service->effective.drain_timeout_ms + QUICK_GRACE_MS;

	channel_send(service->channel_source.fd, CHANNEL_DRAIN, 0, NULL);
	loop_disarm(loop, &service->timer);
	if (service->effective.drain_timeout_ms == BROOD_OFF)
		return;
	service->timer.fire = grace_over;
	loop_arm(loop, &service->timer, clock_now_ns() + patience_ms * NS_PER_MS);
}

static void stop_service(struct supervised *service, enum stop stop)
{
	bool started;

	if (state_is_final(service->state))
		return;
	listeners_close(service);
	if (!supervised_has_process(service)) {
		loop_disarm(&service->supervisor->loop, &service->timer);
		state_set(service, SERVICE_STOPPED);
		return;
	}
	if (service->state != SERVICE_DRAINING)
		report_event(service, BROOD_INFO, "stopping",
			(struct log_field[]){
				LOG_INT("process", service->child.pid),
				LOG_TEXT("how", stop == STOP_DRAIN ? "drain" : "quick"),
			},
			2);
	started = service->state == SERVICE_READY;
	state_set(service, SERVICE_DRAINING);
	if (stop == STOP_KILL)
		stop_kill_service(service, "told to stop at once");
	else if (stop == STOP_DRAIN && started)
		drain(service);
	else
		stop_quickly(service); /* still loading: there is nothing to finish, and no end in sight */
}

void stop_raise(struct supervisor *supervisor, enum stop stop)
{
	if (stop <= supervisor->stop)
		return;
	supervisor->stop = stop;
	for (size_t i = 0; i < supervisor->service_count; i++)
		stop_service(&supervisor->services[i], stop);
}
