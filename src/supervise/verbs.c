/* SPDX-License-Identifier: MIT */
/*
 * Decides what is refused, what waits for its turn, and who is answered when. Invariant: everybody who asks is answered
 * once; of reloads and upgrades one is under way at a time, and those who ask meanwhile share the next one.
 */
#include "supervise/verbs.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "supervise/access_logs.h"
#include "supervise/channel.h"
#include "supervise/report.h"
#include "supervise/stop.h"

/* For service processes to say that they write to the new file. */
#define REOPEN_PATIENCE_MS 5000

void verbs_answer(
	struct supervisor *supervisor, const char *verb, struct verb_reply *reply, int error, const char *text)
{
	if (reply)
		reply->done(reply, error, text);
	else if (error < 0)
		report_own(supervisor, BROOD_WARN, "refused",
			(struct log_field[]){
				LOG_TEXT("verb", verb),
				LOG_TEXT("why", text),
			},
			2);
}

void verbs_wait(struct list *list, struct verb_reply *reply)
{
	if (reply)
		list_append(list, &reply->link);
}

void verbs_answer_all(struct list *list, int error, const char *text)
{
	while (!list_empty(list)) {
		struct verb_reply *reply = container_of(list->next, struct verb_reply, link);

		list_remove(&reply->link);
		reply->done(reply, error, text);
	}
}

void verbs_init(struct supervisor *supervisor)
{
	struct verbs *verbs = &supervisor->verbs;

	list_init(&verbs->reload_waits);
	list_init(&verbs->upgrade_waits);
	list_init(&verbs->under_way);
	list_init(&verbs->drain_waits);
	list_init(&verbs->reopen_waits);
}

void verbs_forget(struct supervisor *supervisor, struct verb_reply *reply)
{
	(void)supervisor;
	if (reply->link.next)
		list_remove(&reply->link);
}

/* ---- Reload and upgrade ---- */

static bool is_idle(const struct supervisor *supervisor)
{
	return supervisor->stop == STOP_NOT && supervisor->reload.phase == RELOAD_NONE &&
	       supervisor->upgrade.phase == UPGRADE_NONE;
}

static void get_under_way(struct verbs *verbs, struct list *waits)
{
	while (!list_empty(waits)) {
		struct list *link = waits->next;

		list_remove(link);
		list_append(&verbs->under_way, link);
	}
}

/* One that fails at once is answered from within, and then it is the next one's turn. */
static void go_on(struct supervisor *supervisor)
{
	struct verbs *verbs = &supervisor->verbs;

	if (!is_idle(supervisor))
		return;
	if (verbs->reload_wanted) {
		verbs->reload_wanted = false;
		get_under_way(verbs, &verbs->reload_waits);
		reload_begin(supervisor);
	} else if (verbs->upgrade_wanted) {
		verbs->upgrade_wanted = false;
		get_under_way(verbs, &verbs->upgrade_waits);
		upgrade_begin(supervisor);
	}
}

void verbs_reload(struct supervisor *supervisor, struct verb_reply *reply)
{
	if (supervisor->stop != STOP_NOT) {
		verbs_answer(supervisor, "reload", reply, -ESHUTDOWN, "brood is stopping");
	} else if (!supervisor->config->has_config_file && !supervisor->drained) {
		verbs_answer(supervisor, "reload", reply, -EINVAL,
			"there is no configuration file to load again: start brood with --config FILE");
	} else {
		if (reply)
			reply->for_reload = true;
		verbs_wait(&supervisor->verbs.reload_waits, reply);
		supervisor->verbs.reload_wanted = true;
		go_on(supervisor);
	}
}

void verbs_settled(struct supervisor *supervisor, int error, const char *text)
{
	supervisor->verbs.reload_carried = false;
	verbs_answer_all(&supervisor->verbs.under_way, error, text);
	go_on(supervisor);
}

void verbs_share_upgrade(struct supervisor *supervisor)
{
	supervisor->verbs.upgrade_wanted = false;
	get_under_way(&supervisor->verbs, &supervisor->verbs.upgrade_waits);
}

void verbs_part(struct supervisor *supervisor)
{
	static const char why[] = "brood is being upgraded, and does not know how this ended: look, or ask again";
	struct supervised *service = NULL;

	verbs_answer_all(&supervisor->verbs.drain_waits, -ECANCELED, why);
	verbs_answer_all(&supervisor->verbs.reopen_waits, -ECANCELED, why);
	while ((service = generation_next(supervisor, service)))
		verbs_answer_all(&service->resizing, -ECANCELED, why);
}

void verbs_upgrade(struct supervisor *supervisor, struct verb_reply *reply)
{
	if (supervisor->stop != STOP_NOT) {
		verbs_answer(supervisor, "upgrade", reply, -ESHUTDOWN, "brood is stopping");
	} else if (!supervisor->config->argv || !supervisor->upgrade.path[0]) {
		verbs_answer(supervisor, "upgrade", reply, -EOPNOTSUPP,
			"this process cannot be upgraded in place: start it again");
	} else if (supervisor->drained && !generation_is_over(supervisor->generation)) {
		verbs_answer(supervisor, "upgrade", reply, -EBUSY, "the services are draining: ask again");
	} else {
		verbs_wait(&supervisor->verbs.upgrade_waits, reply);
		supervisor->verbs.upgrade_wanted = true;
		go_on(supervisor);
	}
}

/* ---- Drain and stop ---- */

void verbs_drain(struct supervisor *supervisor, struct verb_reply *reply)
{
	if (supervisor->stop != STOP_NOT) {
		verbs_answer(supervisor, "drain", reply, -ESHUTDOWN, "brood is stopping");
		return;
	}
	if (supervisor->reload.phase == RELOAD_YIELDING || supervisor->upgrade.phase != UPGRADE_NONE) {
		verbs_answer(supervisor, "drain", reply, -EBUSY, "a reload or upgrade is under way: ask again");
		return;
	}
	supervisor->verbs.reload_wanted = false;
	verbs_answer_all(&supervisor->verbs.reload_waits, -ECANCELED, "brood was told to drain");
	if (supervisor->reload.phase == RELOAD_STARTING)
		reload_abort(supervisor, "brood was told to drain");
	verbs_wait(&supervisor->verbs.drain_waits, reply);
	stop_drain_services(supervisor);
	verbs_stopped(supervisor);
}

void verbs_stopped(struct supervisor *supervisor)
{
	if (supervisor->generation && generation_is_over(supervisor->generation))
		verbs_answer_all(&supervisor->verbs.drain_waits, 0, "");
}

void verbs_stopping(struct supervisor *supervisor)
{
	static const char why[] = "brood is stopping";

	if (supervisor->reload.phase != RELOAD_NONE)
		reload_abort(supervisor, why);
	upgrade_abort(supervisor);
	verbs_answer_all(&supervisor->verbs.under_way, -ESHUTDOWN, why);
	verbs_answer_all(&supervisor->verbs.reload_waits, -ESHUTDOWN, why);
	verbs_answer_all(&supervisor->verbs.upgrade_waits, -ESHUTDOWN, why);
}

void verbs_stop(struct supervisor *supervisor, enum stop stop, struct verb_reply *reply)
{
	stop_raise(supervisor, stop);
	verbs_answer(supervisor, "stop", reply, 0, "");
}

/* ---- Reopen ---- */

static bool is_reopened(const struct supervisor *supervisor)
{
	const struct supervised *service = NULL;

	while ((service = generation_next(supervisor, service)))
		if (service->reopens > 0)
			return false;
	return true;
}

static void check_reopened(struct supervisor *supervisor)
{
	if (!is_reopened(supervisor))
		return;
	loop_disarm(&supervisor->loop, &supervisor->verbs.reopen_patience);
	verbs_answer_all(&supervisor->verbs.reopen_waits, 0, "");
}

static void reopen_overdue(struct loop_timer *timer)
{
	struct supervisor *supervisor = container_of(timer, struct supervisor, verbs.reopen_patience);
	struct supervised *service = NULL;
	struct sentence why = { "" };

	while ((service = generation_next(supervisor, service))) {
		if (service->reopens > 0)
			sentence_set(&why, 0, "service %s does not answer, and may still write to the old file",
				service->effective.name);
		service->reopens = 0;
	}
	verbs_answer_all(&supervisor->verbs.reopen_waits, -ETIMEDOUT, why.text);
}

static void tell_all_to_reopen(struct supervisor *supervisor, int log_fd)
{
	struct supervised *service = NULL;

	while ((service = generation_next(supervisor, service)))
		if (supervised_has_process(service) && channel_send_log(service->channel_source.fd, log_fd) == 0)
			service->reopens++;
}

/* The log of all of them. */
static int reopen_log(struct supervisor *supervisor, struct sentence *why)
{
	struct log *log = supervisor->config->log;
	int r;

	if (!log->path)
		return 0;
	r = log_reopen(log, why);
	report_own(supervisor, r < 0 ? BROOD_ERROR : BROOD_INFO, r < 0 ? "log not reopened" : "log reopened",
		(struct log_field[]){ LOG_TEXT("why", r < 0 ? why->text : NULL) }, 1);
	if (r == 0 && log->fd >= 0)
		tell_all_to_reopen(supervisor, log->fd);
	return r;
}

void verbs_reopen(struct supervisor *supervisor, struct verb_reply *reply)
{
	struct loop_timer *patience = &supervisor->verbs.reopen_patience;
	struct sentence why = { "" };
	int r, of_access_logs;

	if (!supervisor->config->log->path && !access_logs_exist(supervisor)) {
		verbs_answer(supervisor, "reopen", reply, -EINVAL, "the log is stderr: there is nothing to reopen");
		return;
	}
	r = reopen_log(supervisor, &why);
	of_access_logs = access_logs_reopen(supervisor, &why);
	if (r < 0 || of_access_logs < 0) {
		if (reply)
			reply->done(reply, r < 0 ? r : of_access_logs, why.text);
	} else {
		verbs_wait(&supervisor->verbs.reopen_waits, reply);
	}
	patience->fire = reopen_overdue;
	loop_arm(&supervisor->loop, patience, clock_now_ns() + REOPEN_PATIENCE_MS * NS_PER_MS);
	check_reopened(supervisor);
}

void verbs_reopened(struct supervised *service, int error, const char *text)
{
	struct sentence why;

	if (service->reopens == 0)
		return;
	service->reopens--;
	if (error < 0) {
		sentence_set(&why, error, "service %.80s goes on with the old file: %.200s", service->effective.name,
			text);
		verbs_answer_all(&service->supervisor->verbs.reopen_waits, error, why.text);
	}
	check_reopened(service->supervisor);
}

void verbs_process_ended(struct supervised *service)
{
	service->resizing_to = 0;
	verbs_answer_all(&service->resizing, -EPIPE, "the service process has ended");
	if (service->reopens == 0)
		return;
	service->reopens = 0;
	check_reopened(service->supervisor);
}

/* ---- Log level ---- */

void verbs_log_level(struct supervisor *supervisor, enum brood_level level, struct verb_reply *reply)
{
	struct supervised *service = NULL;

	supervisor->config->log->max = level;
	while ((service = generation_next(supervisor, service)))
		if (supervised_has_process(service))
			channel_send(service->channel_source.fd, CHANNEL_LOG_LEVEL, (int)level, NULL);
	verbs_answer(supervisor, "log-level", reply, 0, "");
}
