/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's life in order: what it opens, its loop, what it closes. Called by brood_main and by the command.
 * Invariant: it never waits for anything but its loop.
 */
#include "supervise/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/engine.h"
#include "supervise/listeners.h"
#include "supervise/orders.h"
#include "supervise/report.h"
#include "supervise/start.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "supervise/watch.h"

/* A handler that only its service process finds (`open`) is no reason to refuse the rest of the service now. */
static int found_later(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	return -ENOSYS;
}

static int init_service(struct supervisor *supervisor, struct supervised *service, struct supervise_service *config)
{
	struct brood_service declared = config->service;
	struct sentence why;
	int r;

	*service = (struct supervised){
		.supervisor = supervisor,
		.config = config,
		.child.pidfd = -1,
		.board.fd = -1,
		.channel_source.fd = -1,
	};
	if (config->open && !declared.handler.handle)
		declared.handler.handle = found_later;
	if (engine_effective(&declared, sizeof declared, &service->effective, &why) < 0) {
		r = config->config_at ? EX_CONFIG : EX_USAGE;
		report_fatal(supervisor, r, "%s%s%s", config->config_at ? config->config_at : "",
			config->config_at ? ": " : "", why.text);
		return r;
	}
	/* Room in the heap of timers for each of them: no arming ever fails later. */
	r = loop_arm(&supervisor->loop, &service->timer, INT64_MAX);
	if (r < 0)
		report_fatal(supervisor, EX_OSERR, "no memory for the services");
	return supervisor->exit_status;
}

static int init_services(struct supervisor *supervisor)
{
	const struct supervise_config *config = supervisor->config;
	struct supervised *services = calloc(config->service_count, sizeof *services);

	if (!services) {
		report_fatal(supervisor, EX_OSERR, "no memory for the services");
		return supervisor->exit_status;
	}
	supervisor->services = services;
	for (size_t i = 0; i < config->service_count; i++, supervisor->service_count++)
		if (init_service(supervisor, &services[i], &config->services[i]) != 0)
			return supervisor->exit_status;
	for (size_t i = 0; i < supervisor->service_count; i++)
		loop_disarm(&supervisor->loop, &services[i].timer);
	return 0;
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

/* What may fail once and for all. An exit status. */
static int open_everything(struct supervisor *supervisor)
{
	const struct supervise_config *config = supervisor->config;
	struct sentence why;
	bool anything = false;
	int r;

	if (pid_file_open(&supervisor->pid_file, config->pid_file, &why) < 0) {
		report_fatal(supervisor, EX_CANTCREAT, "%s%s%s", config->pid_file_at ? config->pid_file_at : "",
			config->pid_file_at ? ": " : "", why.text);
		return supervisor->exit_status;
	}
	r = loop_init(&supervisor->loop);
	if (r == 0)
		r = orders_open(supervisor);
	if (r == 0)
		r = open_lifeline(supervisor);
	if (r < 0) {
		report_fatal(supervisor, EX_OSERR, "cannot start: %s", strerror(-r));
		return supervisor->exit_status;
	}
	if (init_services(supervisor) != 0)
		return supervisor->exit_status;
	for (size_t i = 0; i < supervisor->service_count; i++) {
		r = listeners_open(&supervisor->services[i]);
		if (r != 0)
			return r;
		anything = anything || listeners_left(&supervisor->services[i]);
	}
	if (!anything)
		report_fatal(supervisor, EX_UNAVAILABLE, "every address is in use: nothing to serve");
	return supervisor->exit_status;
}

static void close_everything(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->service_count; i++)
		listeners_close(&supervisor->services[i]);
	if (supervisor->lifeline_write_fd >= 0)
		close(supervisor->lifeline_write_fd);
	if (supervisor->lifeline_read_fd >= 0)
		close(supervisor->lifeline_read_fd);
	if (supervisor->signals.fd >= 0)
		orders_close(supervisor);
	loop_fini(&supervisor->loop);
	pid_file_close(&supervisor->pid_file);
	free(supervisor->services);
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
	for (size_t i = 0; i < supervisor->service_count; i++)
		if (!state_is_final(supervisor->services[i].state))
			return false;
	return true;
}

static void run(struct supervisor *supervisor)
{
	int r;

	if (geteuid() == 0)
		report_own(supervisor, BROOD_WARN, "serving as root: --user is not part of this version", NULL, 0);
	r = watch_start(supervisor);
	if (r == 0)
		start_services(supervisor);
	while (r == 0 && !is_over(supervisor))
		r = loop_turn(&supervisor->loop, -1);
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

int supervise_run(const struct supervise_config *config)
{
	struct supervisor supervisor = {
		.config = config,
		.pid = getpid(),
		.lifeline_read_fd = -1,
		.lifeline_write_fd = -1,
		.loop.epoll_fd = -1,
		.loop.timer_fd = -1,
		.signals.fd = -1,
		.pid_file.fd = -1,
	};

	fflush(NULL); /* else every child would write it again */
	if (open_everything(&supervisor) == 0)
		run(&supervisor);
	close_everything(&supervisor);
	return supervisor.exit_status;
}
