/* SPDX-License-Identifier: MIT */
/*
 * Decides what a service process is born with: descriptors 0, 1 and 2, the log, the lifeline, its channel and its
 * board. Nothing else: a service that held another's listener would keep its port busy, and one that held the
 * lifeline's writing end would outlive us. What an application needs open it opens in load.
 */
#include "supervise/start.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "core/engine.h"
#include "observe/log.h"
#include "process/descriptors.h"
#include "supervise/channel.h"
#include "supervise/death.h"
#include "supervise/notice.h"
#include "supervise/report.h"
#include "supervise/service_process.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"

/* Closed by number: loop_del would work on the epoll instance, which is shared with the parent. */
static void forget_supervisor(struct supervisor *supervisor, const struct supervised *service, int channel_fd)
{
	int kept[] = { supervisor->config->log->fd, service->access_log.fd, supervisor->lifeline_read_fd, channel_fd,
		service->board.fd, service->board.read_fd };

	signals_forget(&supervisor->signals);
	loop_fini(&supervisor->loop);
	descriptors_close_but(STDERR_FILENO + 1, -1, kept, sizeof kept / sizeof *kept);
}

static _Noreturn void enter_child(struct supervised *service, int channel_fd)
{
	struct supervisor *supervisor = service->supervisor;

	if (child_die_with_parent(supervisor->pid, SIGKILL) < 0)
		_exit(EXIT_SUCCESS);
	/* Also done by the parent: whoever comes first. A terminal's ^C must find only the supervisor. */
	setpgid(0, 0);
	/* What holds in office is what our copy of the log says: the file, and orders since. */
	if (service->generation->role == GENERATION_COMING)
		generation_apply(service->generation);
	forget_supervisor(supervisor, service, channel_fd);
	service_process_run(service, channel_fd, supervisor->lifeline_read_fd);
}

/* Sent before there is anybody to receive it: the descriptors wait in the socket. */
static int send_listeners(struct supervised *service)
{
	int fds[ENGINE_LISTENERS];
	size_t count = 0;

	for (size_t i = 0; i < service->listener_count; i++) {
		bool open = service->listeners[i].fd >= 0;

		service->origins[i].sent_as = open ? (int)count : -1;
		if (open)
			fds[count++] = service->listeners[i].fd;
	}
	return channel_send_listeners(service->channel_source.fd, fds, count);
}

static int fork_service(struct supervised *service, int channel_fd)
{
	struct supervisor *supervisor = service->supervisor;
	struct child child;
	int r;

	r = child_spawn(false, &child);
	if (r == 0)
		enter_child(service, channel_fd);
	if (r < 0)
		return r;
	setpgid(child.pid, child.pid);
	service->child = child;
	service->exit_source = (struct loop_source){ .fd = child.pidfd, .ready = death_ready };
	return loop_add(&supervisor->loop, &service->exit_source, EPOLLIN);
}

static int start_process(struct supervised *service)
{
	struct supervisor *supervisor = service->supervisor;
	int fd, channel_fd, r;

	r = board_open(&service->board, engine_slots(&service->effective), engine_area_size(&service->effective));
	if (r < 0)
		return r;
	r = channel_open(&fd, &channel_fd);
	if (r < 0)
		return r;
	service->channel_source = (struct loop_source){ .fd = fd, .ready = notice_ready };
	r = loop_add(&supervisor->loop, &service->channel_source, EPOLLIN);
	if (r == 0)
		r = send_listeners(service);
	if (r == 0)
		r = fork_service(service, channel_fd);
	close(channel_fd);
	return r;
}

static void load_overdue(struct loop_timer *timer)
{
	struct supervised *service = container_of(timer, struct supervised, timer);

	stop_kill_service(service, "it did not become ready before the load deadline (--load-timeout)");
}

void start_wait(struct supervised *service, int64_t at_ns)
{
	service->timer.fire = load_overdue;
	loop_arm(&service->supervisor->loop, &service->timer, at_ns);
}

void start_service(struct supervised *service)
{
	int64_t now_ns = clock_now_ns();
	int r;

	restart_started(&service->restart, now_ns);
	service->totals.starts++;
	service->said = (struct sentence){ "" };
	service->said_exit_status = 0;
	service->killed_for = NULL;
	service->told_by_others = false;
	r = start_process(service);
	if (r < 0) {
		death_unborn(service, r);
		return;
	}
	report_event(
		service, BROOD_DEBUG, "started", (struct log_field[]){ LOG_INT("process", service->child.pid) }, 1);
	if (service->effective.load_timeout_ms == BROOD_OFF)
		return;
	start_wait(service, now_ns + service->effective.load_timeout_ms * NS_PER_MS);
}

static void start_due(struct loop_timer *timer)
{
	struct supervised *service = container_of(timer, struct supervised, timer);
	struct supervisor *supervisor = service->supervisor;

	if (restart_may_start(&supervisor->next_start_ns, clock_now_ns()))
		start_service(service);
	else
		start_later(service, supervisor->next_start_ns);
}

void start_later(struct supervised *service, int64_t at_ns)
{
	service->timer.fire = start_due;
	loop_arm(&service->supervisor->loop, &service->timer, at_ns);
}
