/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's life in order: what it opens, its loop, what it closes. Called by brood_main and by the command.
 * Invariant: it never waits for anything but its loop; only a reload that looks up accounts may, for five seconds.
 */
#include "supervise/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/engine.h"
#include "observe/log.h"
#include "supervise/access_logs.h"
#include "supervise/confine.h"
#include "supervise/control/control.h"
#include "supervise/listeners.h"
#include "supervise/orders.h"
#include "supervise/report.h"
#include "supervise/start.h"
#include "supervise/status/status_server.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/legacy.h"
#include "supervise/verbs.h"
#include "supervise/watch.h"
#include "transport/open_fd.h"

static int init_services(struct supervisor *supervisor)
{
	const struct supervise_config *config = supervisor->config;
	struct generation *generation;
	struct sentence why;
	int r = generation_new(supervisor, config->services, config->service_count, &generation, &why);

	if (r == -EINVAL)
		report_fatal(supervisor, config->has_config_file ? EX_CONFIG : EX_USAGE, "%s", why.text);
	else if (r < 0)
		report_fatal(supervisor, EX_OSERR, "%s", why.text);
	else
		generation_take_office(generation);
	return supervisor->exit_status;
}

static int open_lifeline(struct supervisor *supervisor)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	supervisor->lifeline_read_fd = ends[0];
	supervisor->lifeline_write_fd = ends[1];
	return 0;
}

static int open_listeners_of_all(struct supervisor *supervisor)
{
	struct sentence why;
	bool anything = false;

	for (size_t i = 0; i < supervisor->service_count; i++) {
		int status = listeners_open(&supervisor->services[i], &why);

		if (status == 0)
			status = access_logs_open(&supervisor->services[i], &why);
		if (status != 0) {
			report_fatal(supervisor, status, "%s", why.text);
			return status;
		}
		anything = anything || listeners_left(&supervisor->services[i]);
	}
	if (!anything)
		report_fatal(supervisor, EX_UNAVAILABLE, "every address is in use: nothing to serve");
	return supervisor->exit_status;
}

static int open_pid_file(struct supervisor *supervisor)
{
	const struct supervise_config *config = supervisor->config;
	struct sentence why;

	if (pid_file_open(&supervisor->pid_file, config->pid_file, &why) < 0)
		report_fatal(supervisor, EX_CANTCREAT, "%s%s%s", config->pid_file_at ? config->pid_file_at : "",
			config->pid_file_at ? ": " : "", why.text);
	return supervisor->exit_status;
}

static int open_loop(struct supervisor *supervisor)
{
	int r = loop_init(&supervisor->loop);

	if (r == 0)
		r = orders_open(supervisor);
	if (r == 0 && !supervisor->config->legacy)
		r = open_lifeline(supervisor);
	if (r < 0)
		report_fatal(supervisor, EX_OSERR, "cannot start: %s", strerror(-r));
	return supervisor->exit_status;
}

/* What may fail once and for all. An exit status. */
static int open_everything(struct supervisor *supervisor)
{
	open_fd_hold(&supervisor->held);
	if (open_pid_file(supervisor) != 0 || open_loop(supervisor) != 0)
		return supervisor->exit_status;
	notify_open(supervisor);
	if (control_open(supervisor) != 0 || init_services(supervisor) != 0 || open_listeners_of_all(supervisor) != 0)
		return supervisor->exit_status;
	return status_server_start(supervisor);
}

/* The same for an image that goes on where another one was. */
static int take_over(struct supervisor *supervisor)
{
	struct sentence why = { "" };

	if (open_loop(supervisor) != 0)
		return supervisor->exit_status;
	notify_open(supervisor);
	if (upgrade_take_over(supervisor, &why) < 0 ||
		legacy_take_services(supervisor->config->legacy, supervisor, &why) < 0) {
		report_fatal(supervisor, EX_SOFTWARE, "%s", why.text);
		return supervisor->exit_status;
	}
	if (control_open(supervisor) != 0)
		return supervisor->exit_status;
	return status_server_start(supervisor);
}

/* What ends a supervisor that starts, brings the one from before the upgrade back. */
static int take_everything_over(struct supervisor *supervisor)
{
	if (take_over(supervisor) != 0)
		upgrade_go_back(supervisor, supervisor->fatal.text);
	return supervisor->exit_status;
}

static void close_everything(struct supervisor *supervisor)
{
	status_server_stop(supervisor);
	list_each(pos, next, &supervisor->generations)
		generation_free(container_of(pos, struct generation, link));
	control_close(supervisor);
	if (supervisor->lifeline_write_fd >= 0)
		close(supervisor->lifeline_write_fd);
	if (supervisor->lifeline_read_fd >= 0)
		close(supervisor->lifeline_read_fd);
	if (supervisor->signals.fd >= 0)
		orders_close(supervisor);
	notify_close(supervisor);
	loop_fini(&supervisor->loop);
	pid_file_close(&supervisor->pid_file);
	open_fd_let_go(&supervisor->held);
}

static void start_services(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->service_count; i++) {
		struct supervised *service = &supervisor->services[i];

		if (supervisor->stop != STOP_NOT)
			return;
		if (listeners_left(service))
			start_service(service);
		else
			state_set(service, SERVICE_STOPPED);
	}
}

static bool is_over(const struct supervisor *supervisor)
{
	if (supervisor->reload.phase != RELOAD_NONE || (supervisor->drained && supervisor->stop == STOP_NOT))
		return false;
	list_each(pos, next, &supervisor->generations)
		if (!generation_is_over(container_of(pos, struct generation, link)))
			return false;
	return true;
}

static void run(struct supervisor *supervisor)
{
	int r;

	r = watch_start(supervisor);
	if (r == 0 && supervisor->config->legacy) {
		upgrade_go_on(supervisor);
	} else if (r == 0) {
		confine_warn(supervisor);
		start_services(supervisor);
	}
	while (r == 0 && !is_over(supervisor)) {
		r = loop_turn(&supervisor->loop, -1);
		generation_free_retired(supervisor);
		status_server_refresh(supervisor);
	}
	/* Without a loop there is no orderly end: the lifeline and PDEATHSIG take the service processes along. */
	if (r < 0)
		report_fatal(supervisor, EX_OSERR, "the supervisor's loop failed: %s", strerror(-r));
}

bool supervise_listens_on(const struct supervisor *supervisor, const char *url)
{
	for (size_t i = 0; i < supervisor->service_count; i++)
		if (listeners_have(&supervisor->services[i], url))
			return true;
	return false;
}

static struct supervisor *new_supervisor(const struct supervise_config *config)
{
	struct supervisor *supervisor;
	struct zone zone;

	if (zone_open(&zone, ENGINE_ZONE_SIZE) < 0)
		return NULL;
	supervisor = zone_take(&zone, sizeof *supervisor);
	*supervisor = (struct supervisor){
		.zone = zone,
		.config = config,
		.pid = getpid(),
		.lifeline_read_fd = -1,
		.lifeline_write_fd = -1,
		.loop.epoll_fd = -1,
		.loop.timer_fd = -1,
		.signals.fd = -1,
		.pid_file.fd = -1,
		.notify.fd = -1,
	};
	list_init(&supervisor->generations);
	verbs_init(supervisor);
	upgrade_init(supervisor);
	return supervisor;
}

static int free_supervisor(struct supervisor *supervisor)
{
	int status = supervisor->exit_status;
	struct zone zone = supervisor->zone;

	zone_close(&zone);
	return status;
}

int supervise_run(const struct supervise_config *config)
{
	struct supervisor *supervisor = new_supervisor(config);

	if (!supervisor) {
		log_write(config->log, &(struct log_record){ .level = BROOD_ERROR, .message = "no memory to start" });
		return EX_OSERR;
	}
	fflush(NULL); /* else every child would write it again */
	if ((config->legacy ? take_everything_over(supervisor) : open_everything(supervisor)) == 0)
		run(supervisor);
	close_everything(supervisor);
	return free_supervisor(supervisor);
}
