/* SPDX-License-Identifier: MIT */
/*
 * Decides when a new generation takes office. Invariant: on each listener there is one generation that accepts, or
 * none for a moment, in which clients wait in its queue; so nobody is refused, reset or served by half.
 */
#include "supervise/reload.h"

#include <errno.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/access_logs.h"
#include "supervise/channel.h"
#include "supervise/inheritance.h"
#include "supervise/listeners.h"
#include "supervise/notice.h"
#include "supervise/report.h"
#include "supervise/start.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "supervise/verbs.h"
#include "supervise/watch.h"

/* A process answers from its loop, at once. One that does not is stuck in a handler, or hangs: it accepts nobody. */
#define QUIET_PATIENCE_MS 1000

static void failed(struct supervisor *supervisor, const char *why)
{
	supervisor->reload.phase = RELOAD_NONE;
	supervisor->reload.heir = NULL;
	if (supervisor->stop == STOP_NOT)
		upgrade_go_back(supervisor, why);
	report_own(supervisor, BROOD_ERROR, "reload failed, everything goes on as before",
		(struct log_field[]){ LOG_TEXT("why", why) }, 1);
	notify_ready(supervisor);
	verbs_settled(supervisor, -EINVAL, why);
}

static int open_listeners_of(struct generation *heir, struct sentence *why)
{
	bool anything = false;

	for (size_t i = 0; i < heir->service_count; i++) {
		if (listeners_open(&heir->services[i], why) != 0 || access_logs_open(&heir->services[i], why) != 0)
			return -EINVAL;
		anything = anything || listeners_left(&heir->services[i]);
	}
	return anything ? 0 : sentence_set(why, -EINVAL, "there would be nothing left to serve");
}

/* Without a callback (brood_main) the services are those of the start: a drained supervisor takes them up again. */
static int make_heir(struct supervisor *supervisor, struct generation **ret_heir, struct sentence *why)
{
	const struct supervise_config *config = supervisor->config;
	struct supervise_load first = { .services = config->services, .service_count = config->service_count };
	struct supervise_load *load = NULL;
	struct generation *heir;
	int r = 0;

	if (config->reload && config->reload(config->reload_arg, &load, why) != 0)
		return -EINVAL;
	r = generation_new(supervisor, load ? load->services : first.services,
		load ? load->service_count : first.service_count, &heir, why);
	if (r < 0) {
		if (load)
			load->release(load);
		return r;
	}
	heir->load = load;
	r = open_listeners_of(heir, why);
	if (r < 0)
		generation_free(heir);
	else
		*ret_heir = heir;
	return r;
}

static void take_over(struct supervisor *supervisor);

static void patience_over(struct loop_timer *timer)
{
	take_over(container_of(timer, struct supervisor, reload.patience));
}

static void check_quiet(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->service_count; i++)
		if (!supervisor->services[i].quiet)
			return;
	take_over(supervisor);
}

static void yield(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;

	reload->phase = RELOAD_YIELDING;
	for (size_t i = 0; i < supervisor->service_count; i++) {
		struct supervised *service = &supervisor->services[i];

		service->quiet = !supervised_has_process(service) || service->state != SERVICE_READY ||
				 channel_send(service->channel_source.fd, CHANNEL_YIELD, 0, NULL) < 0;
	}
	reload->patience.fire = patience_over;
	loop_arm(&supervisor->loop, &reload->patience, clock_now_ns() + QUIET_PATIENCE_MS * NS_PER_MS);
	check_quiet(supervisor);
}

static void check_prepared(struct supervisor *supervisor)
{
	const struct generation *heir = supervisor->reload.heir;

	if (supervisor->reload.phase != RELOAD_STARTING)
		return;
	for (size_t i = 0; i < heir->service_count; i++)
		if (!heir->services[i].prepared && listeners_left(&heir->services[i]))
			return;
	yield(supervisor);
}

void reload_begin(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;
	struct sentence why = { "" };

	report_own(supervisor, BROOD_INFO, "reloading", NULL, 0);
	notify_reloading(supervisor);
	reload->began_ns = clock_now_ns();
	reload->unapplied = (struct sentence){ "" };
	if (make_heir(supervisor, &reload->heir, &why) < 0) {
		failed(supervisor, why.text);
		return;
	}
	reload->phase = RELOAD_STARTING;
	/* One that cannot even be forked ends all of it, from within. */
	for (size_t i = 0; reload->phase == RELOAD_STARTING && i < reload->heir->service_count; i++)
		if (listeners_left(&reload->heir->services[i]))
			start_service(&reload->heir->services[i]);
	check_prepared(supervisor);
}

void reload_ready(struct supervised *service)
{
	service->prepared = true;
	check_prepared(service->supervisor);
}

void reload_quiet(struct supervised *service)
{
	service->quiet = true;
	if (service->supervisor->reload.phase == RELOAD_YIELDING)
		check_quiet(service->supervisor);
}

void reload_abort(struct supervisor *supervisor, const char *why)
{
	struct generation *heir = supervisor->reload.heir;

	/* Asked to yield, they do not accept before they drain. */
	for (size_t i = 0; supervisor->reload.phase == RELOAD_YIELDING && i < supervisor->service_count; i++)
		supervisor->services[i].quiet = true;
	loop_disarm(&supervisor->loop, &supervisor->reload.patience);
	heir->role = GENERATION_RETIRED;
	for (size_t i = 0; i < heir->service_count; i++)
		stop_discard(&heir->services[i]);
	failed(supervisor, why);
}

void reload_died(struct supervised *service, const char *how)
{
	struct sentence why = service->said;
	const char *killed_for = service->killed_for;

	if (!why.text[0])
		sentence_set(&why, 0, "service %s: its new process ended before it was ready: %s%s%s",
			service->effective.name, how, killed_for ? ", killed because " : "",
			killed_for ? killed_for : "");
	reload_abort(service->supervisor, why.text);
}

/* Left alone: one that died since it was ready, and is started again like any other. */
static void take_office(struct supervised *service)
{
	if (supervised_has_process(service) && service->prepared)
		notice_take_office(service);
	else if (!listeners_left(service))
		state_set(service, SERVICE_STOPPED);
}

/* Its figures go on where those of the generation before stop. */
static void carry_totals_over(struct generation *old, struct generation *heir)
{
	for (size_t i = 0; i < old->service_count; i++) {
		struct supervised *service = &old->services[i];
		struct supervised *successor = generation_find(heir->supervisor, service->effective.name);

		if (!successor)
			continue;
		successor->rates = service->rates;
		totals_pass_on(&service->totals, &successor->totals);
	}
}

static void take_over(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;
	struct generation *old = supervisor->generation, *heir = reload->heir;
	const char *unapplied = reload->unapplied.text;

	loop_disarm(&supervisor->loop, &reload->patience);
	reload->phase = RELOAD_NONE;
	reload->heir = NULL;
	if (heir->load && heir->load->unapplied)
		sentence_set(&reload->unapplied, 0, "%s", heir->load->unapplied);
	inheritance_settle(heir, &reload->unapplied);
	generation_take_office(heir);
	generation_apply(heir);
	supervisor->drained = false;
	for (size_t i = 0; i < heir->service_count; i++)
		take_office(&heir->services[i]);
	carry_totals_over(old, heir);
	for (size_t i = 0; i < old->service_count; i++)
		stop_retire(&old->services[i]);
	watch_start(supervisor);
	report_own(supervisor, BROOD_INFO, "reloaded",
		(struct log_field[]){
			LOG_UINT("generation", heir->number),
			LOG_INT("after_ms", (clock_now_ns() - reload->began_ns) / NS_PER_MS),
			LOG_TEXT("unapplied", unapplied[0] ? unapplied : NULL),
		},
		3);
	upgrade_done(supervisor);
	notice_say_ready(supervisor);
	verbs_answer_all(&supervisor->verbs.drain_waits, -ECANCELED, "a reload came before everything had stopped");
	verbs_settled(supervisor, 0, unapplied);
}
