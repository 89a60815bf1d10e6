/* SPDX-License-Identifier: MIT */
/*
 * Decides what the end of a service process means: the end of the service, another start, or giving up. Invariant: when
 * we are through, nothing is left of that process: no zombie, no worker, no descriptor, no timer.
 */
#include "supervise/death.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/listeners.h"
#include "supervise/notice.h"
#include "supervise/report.h"
#include "supervise/start.h"
#include "supervise/status/status_server.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "supervise/verbs.h"

#define EXIT_TEXT_SIZE 64

static void release_process(struct supervised *service)
{
	struct loop *loop = &service->supervisor->loop;

	loop_disarm(loop, &service->timer);
	loop_del(loop, &service->exit_source);
	loop_del(loop, &service->channel_source);
	if (service->channel_source.fd >= 0)
		close(service->channel_source.fd);
	service->channel_source.fd = -1;
	service->prepared = false;
	verbs_process_ended(service);
	child_close(&service->child);
	totals_keep(service);
	status_server_board_gone(service);
	board_close(&service->board);
	foreign_board_close(&service->foreign);
}

static void stopped(struct supervised *service)
{
	if (service->supervisor->drained)
		listeners_close_own(service);
	else
		listeners_close(service);
	state_set(service, SERVICE_STOPPED);
	verbs_stopped(service->supervisor);
}

/* how: "exit 3" …, to which the process may have added a sentence of its own. */
static void give_up(struct supervised *service, const char *how)
{
	struct supervisor *supervisor = service->supervisor;
	int exit_status = service->said_exit_status;

	if (exit_status != 0)
		report_fatal(supervisor, exit_status, "%s", service->said.text);
	else
		report_fatal(supervisor, EX_SOFTWARE,
			"service %s gave up, it died %u times before it was ready: %s%s%s%s%s",
			service->effective.name, service->restart.deaths, how,
			service->killed_for ? ", killed because " : "",
			service->killed_for ? service->killed_for : "", service->said.text[0] ? ": " : "",
			service->said.text);
	listeners_close(service);
	state_set(service, SERVICE_FAILED);
	stop_raise(supervisor, STOP_DRAIN);
}

static void remember(struct supervised *service, pid_t pid, const char *how)
{
	const char *reason = service->killed_for ? service->killed_for : service->said.text;
	struct death death = { .pid = pid };

	snprintf(death.service, sizeof death.service, "%s", service->effective.name);
	snprintf(death.exit, sizeof death.exit, "%.*s", (int)sizeof death.exit - 1, how);
	snprintf(death.reason, sizeof death.reason, "%.*s", DEATHS_TEXT_SIZE - 1, reason);
	deaths_add(&service->supervisor->deaths, &death);
	service->totals.deaths++;
}

static int64_t cpu_us(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000) + usage->ru_utime.tv_usec +
	       usage->ru_stime.tv_usec;
}

/* While its board is there. What it says may be nonsense; then a number in a line is. */
static void examine(struct supervised *service, const struct child_exit *exit)
{
	const struct tally *tally = service->board.fd >= 0 ? board_tally(&service->board) : NULL;

	service->box = (struct black_box){
		.known = true,
		.core = exit->code == CLD_DUMPED,
		.cpu_us = cpu_us(&exit->usage),
		.peak_kib = exit->usage.ru_maxrss,
		.clients = tally ? tally->accepted - tally->ended : 0,
	};
}

/* What follows from a death. */
struct sequel {
	enum brood_level level;
	const char *then;
	int64_t after_ms;
};

static void tell(const struct supervised *service, const char *how, pid_t pid, const struct sequel *sequel)
{
	report_event(service, sequel->level, "service process died",
		(struct log_field[]){
			LOG_INT("process", pid),
			LOG_TEXT("exit", how),
			LOG_TEXT("why", service->said.text[0] ? service->said.text : NULL),
			LOG_TEXT("killed_because", service->killed_for),
			LOG_INT("lived_ms", (clock_now_ns() - service->restart.started_ns) / NS_PER_MS),
			LOG_UINT("deaths", service->restart.deaths),
			LOG_TEXT("then", sequel->then),
			LOG_INT("after_ms", sequel->after_ms),
			LOG_INT("cpu_us", service->box.cpu_us),
			LOG_INT("peak_kib", service->box.peak_kib),
			LOG_TEXT("core", service->box.core ? "yes" : "no"),
			LOG_UINT("clients", service->box.clients),
		},
		service->box.known ? 12 : 8);
}

static void start_again(struct supervised *service, const char *how, pid_t pid, bool replaced)
{
	int64_t now_ns = clock_now_ns(), at_ns;
	bool again = restart_died(&service->restart, replaced, now_ns, &at_ns);

	/* Nothing that it could find otherwise the next time. */
	if (service->said_exit_status != 0 && !service->restart.was_ready)
		again = false;
	remember(service, pid, how);
	tell(service, how, pid,
		&(struct sequel){
			.level = replaced ? BROOD_WARN : BROOD_ERROR,
			.then = again ? "start again" : "give up",
			.after_ms = again ? (at_ns - now_ns) / NS_PER_MS : 0,
		});
	if (!again) {
		give_up(service, how);
		return;
	}
	state_set(service, SERVICE_STARTING);
	if (!service->is_hearsay)
		start_later(service, at_ns);
}

/* Its generation is on its way into office: all or nothing, and now. */
static bool is_awaited(const struct supervised *service)
{
	return service->generation->role == GENERATION_COMING && service->supervisor->reload.phase == RELOAD_STARTING;
}

static void failed_to_come(struct supervised *service, const char *how, pid_t pid)
{
	remember(service, pid, how);
	report_event(service, BROOD_ERROR, "service process died",
		(struct log_field[]){
			LOG_INT("process", pid),
			LOG_TEXT("exit", how),
			LOG_TEXT("why", service->said.text[0] ? service->said.text : NULL),
			LOG_TEXT("killed_because", service->killed_for),
			LOG_TEXT("then", "no reload"),
		},
		5);
	reload_died(service, how);
}

/* It was asked to yield, and its successor is ready. */
static bool is_yielding(const struct supervised *service)
{
	return service->generation->role == GENERATION_IN_OFFICE && service->state == SERVICE_READY &&
	       service->supervisor->reload.phase == RELOAD_YIELDING;
}

static void ended(struct supervised *service, pid_t pid, const struct child_exit *exit)
{
	bool clean = exit->code == CLD_EXITED && exit->status == 0;
	bool replaced = exit->code == CLD_EXITED && exit->status == EX_TEMPFAIL;
	char how[EXIT_TEXT_SIZE];

	child_exit_text(exit, how, sizeof how);
	if (service->state == SERVICE_DRAINING) {
		report_event(service, clean ? BROOD_INFO : BROOD_WARN, "service process ended",
			(struct log_field[]){
				LOG_INT("process", pid),
				LOG_TEXT("exit", how),
				LOG_TEXT("killed_because", service->killed_for),
			},
			3);
		if (!clean)
			remember(service, pid, how);
		stopped(service);
	} else if (service->state == SERVICE_READY && (service->lame || !listeners_left(service))) {
		if (!clean) {
			service->restart.deaths++;
			remember(service, pid, how);
			tell(service, how, pid, &(struct sequel){ .level = BROOD_ERROR, .then = "stop" });
		}
		stopped(service);
	} else if (is_awaited(service)) {
		failed_to_come(service, how, pid);
	} else if (is_yielding(service)) {
		remember(service, pid, how);
		state_set(service, SERVICE_STOPPED);
		reload_quiet(service);
	} else {
		/* Once it is ready, to be killed at a deadline says something about a client or a handler, not about
		 * this service's health: the clients in its queue need not wait for a back-off. */
		replaced = replaced || (clean && service->told_by_others) ||
			   (service->killed_for && service->state == SERVICE_READY);
		start_again(service, how, pid, replaced);
	}
}

void death_ready(struct loop_source *source, uint32_t events)
{
	struct supervised *service = container_of(source, struct supervised, exit_source);
	pid_t pid = service->child.pid;
	struct child_exit exit;

	(void)events;
	notice_read(service); /* what it said last explains its end */
	/* What is left of its group. Before the reaping: as long as the zombie is there, the number is nobody else's. */
	kill(-pid, SIGKILL);
	if (child_reap(&service->child, &exit) < 0)
		return;
	examine(service, &exit);
	release_process(service);
	ended(service, pid, &exit);
}

void death_unborn(struct supervised *service, int error)
{
	/* Forked, but not to be watched: it must not live. Nobody waits for it longer than KILL takes. */
	if (supervised_has_process(service)) {
		stop_kill_service(service, "it could not be watched");
		waitid(P_PIDFD, (id_t)service->child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	}
	service->box = (struct black_box){ 0 };
	release_process(service);
	snprintf(service->said.text, sizeof service->said.text, "no service process: %s", strerror(-error));
	if (is_awaited(service))
		reload_died(service, "not started");
	else
		start_again(service, "not started", 0, false);
}
