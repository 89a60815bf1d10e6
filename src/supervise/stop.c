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
#include "supervise/inheritance.h"
#include "supervise/listeners.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "supervise/verbs.h"

/* For a service process to end its connections, write their end records and go: more than it gives its threads. */
#define QUICK_GRACE_MS 3000

/* A signal for a whole group, as systemd sends it, reaches one of us a moment before the other. */
#define WHOLE_GROUP_MS 100

#define ALL_PASSED_ON  UINT32_MAX

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

void stop_wait(struct supervised *service, int64_t at_ns)
{
	service->timer.fire = grace_over;
	loop_arm(&service->supervisor->loop, &service->timer, at_ns);
}

static void stop_quickly(struct supervised *service)
{
	channel_send(service->channel_source.fd, CHANNEL_STOP, 0, NULL);
	service->timer.fire = grace_over;
	loop_arm(&service->supervisor->loop, &service->timer, clock_now_ns() + QUICK_GRACE_MS * NS_PER_MS);
}

/* The engine has the same deadline and cuts off what is unfinished; ours is for an engine that hangs. */
static void drain(struct supervised *service, uint32_t passed_on)
{
	struct loop *loop = &service->supervisor->loop;
	int64_t patience_ms = (int64_t)service->effective.drain_timeout_ms + QUICK_GRACE_MS;

	if (passed_on)
		channel_send(service->channel_source.fd, CHANNEL_LEAVE, (int)passed_on, NULL);
	else
		channel_send(service->channel_source.fd, CHANNEL_DRAIN, 0, NULL);
	loop_disarm(loop, &service->timer);
	if (service->effective.drain_timeout_ms == BROOD_OFF)
		return;
	service->timer.fire = grace_over;
	loop_arm(loop, &service->timer, clock_now_ns() + patience_ms * NS_PER_MS);
}

/* No process: what it waited for will not happen. */
static void be_stopped(struct supervised *service)
{
	loop_disarm(&service->supervisor->loop, &service->timer);
	state_set(service, SERVICE_STOPPED);
	verbs_stopped(service->supervisor);
}

static void say_stopping(const struct supervised *service, const char *how)
{
	if (service->state == SERVICE_DRAINING)
		return;
	report_event(service, BROOD_INFO, "stopping",
		(struct log_field[]){
			LOG_INT("process", service->child.pid),
			LOG_TEXT("how", how),
		},
		2);
}

static void close_listeners(struct supervised *service)
{
	if (service->supervisor->stop == STOP_NOT)
		listeners_close_own(service);
	else
		listeners_close(service);
}

static void stop_service(struct supervised *service, enum stop stop)
{
	bool started;

	if (state_is_final(service->state))
		return;
	service->lame = false;
	close_listeners(service);
	if (!supervised_has_process(service)) {
		be_stopped(service);
		return;
	}
	say_stopping(service, stop == STOP_DRAIN ? "drain" : "quick");
	started = service->state == SERVICE_READY;
	state_set(service, SERVICE_DRAINING);
	if (stop == STOP_KILL)
		stop_kill_service(service, "told to stop at once");
	else if (stop == STOP_DRAIN && started)
		drain(service, 0);
	else
		stop_quickly(service); /* still loading: there is nothing to finish, and no end in sight */
}

static void nobody_told_us(struct loop_timer *timer)
{
	struct supervised *service = container_of(timer, struct supervised, timer);

	report_event(service, BROOD_INFO, "told to end by somebody else",
		(struct log_field[]){ LOG_INT("process", service->child.pid) }, 1);
	service->told_by_others =
		channel_send(service->channel_source.fd, CHANNEL_LEAVE, (int)ALL_PASSED_ON, NULL) == 0;
}

void stop_asked(struct supervised *service)
{
	if (service->state != SERVICE_READY || service->lame || service->quiet ||
		service->supervisor->stop != STOP_NOT)
		return;
	service->timer.fire = nobody_told_us;
	loop_arm(&service->supervisor->loop, &service->timer, clock_now_ns() + WHOLE_GROUP_MS * NS_PER_MS);
}

static void lame_over(struct loop_timer *timer)
{
	stop_service(container_of(timer, struct supervised, timer), STOP_DRAIN);
}

/* Whoever sends clients shall learn that we are going before nobody accepts them any more. */
static void stop_patiently(struct supervised *service)
{
	int64_t lame_ms = service->effective.lame_duck_ms;

	if (service->state == SERVICE_DRAINING || service->lame)
		return;
	if (lame_ms == BROOD_OFF || service->state != SERVICE_READY || service->quiet) {
		stop_service(service, STOP_DRAIN);
		return;
	}
	service->lame = true;
	report_event(service, BROOD_INFO, "lame duck", (struct log_field[]){ LOG_INT("for_ms", lame_ms) }, 1);
	service->timer.fire = lame_over;
	loop_arm(&service->supervisor->loop, &service->timer, clock_now_ns() + lame_ms * NS_PER_MS);
}

void stop_drain_services(struct supervisor *supervisor)
{
	supervisor->drained = true;
	for (size_t i = 0; i < supervisor->service_count; i++)
		stop_patiently(&supervisor->services[i]);
}

/* Those that are retired drain already: only to be hurried. */
void stop_raise(struct supervisor *supervisor, enum stop stop)
{
	struct supervised *service = NULL;

	if (stop <= supervisor->stop)
		return;
	if (supervisor->stop == STOP_NOT)
		notify_stopping(supervisor);
	supervisor->stop = stop;
	verbs_stopping(supervisor);
	while ((service = generation_next(supervisor, service))) {
		if (stop > STOP_DRAIN)
			stop_service(service, stop);
		else if (service->generation->role == GENERATION_IN_OFFICE)
			stop_patiently(service);
	}
}

void stop_retire(struct supervised *service)
{
	uint32_t passed_on = inheritance_passed_on(service);
	bool started = service->state == SERVICE_READY;

	if (state_is_final(service->state))
		return;
	service->lame = false;
	listeners_close(service);
	if (!supervised_has_process(service)) {
		be_stopped(service);
		return;
	}
	say_stopping(service, "retire");
	if (service->state == SERVICE_DRAINING)
		return;
	state_set(service, SERVICE_DRAINING);
	if (started)
		drain(service, passed_on);
	else
		stop_quickly(service);
}

void stop_discard(struct supervised *service)
{
	if (state_is_final(service->state))
		return;
	listeners_close(service);
	if (!supervised_has_process(service)) {
		be_stopped(service);
		return;
	}
	loop_disarm(&service->supervisor->loop, &service->timer);
	state_set(service, SERVICE_DRAINING);
	stop_kill_service(service, "its generation did not come into office");
}
