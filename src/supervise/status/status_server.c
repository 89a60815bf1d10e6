/* SPDX-License-Identifier: MIT */
/*
 * Decides when the status process lives. Invariant: it never matters: without it services go on, its clients wait in the
 * listener that stays ours, and what it tells is kept where its death cannot reach it. Called by supervise.c.
 */
#include "supervise/status/status_server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/channel.h"
#include "supervise/listeners.h"
#include "supervise/report.h"
#include "supervise/status/status_process.h"
#include "supervise/status/status_rows.h"
#include "supervise/status/status_shared.h"
#include "supervise/upgrade/legacy.h"
#include "transport/open.h"

#define BACKLOG        64
#define EXIT_TEXT_SIZE 64
#define LEGACY_OWNER   "status"

static void start_process(struct status_server *server);

static void kill_process(struct status_server *server)
{
	if (server->child.pidfd >= 0)
		child_signal(&server->child, SIGKILL);
}

static void close_process(struct status_server *server)
{
	loop_del(&server->supervisor->loop, &server->exit_source);
	child_close(&server->child);
	if (server->channel_fd >= 0)
		close(server->channel_fd);
	server->channel_fd = -1;
}

static void start_due(struct loop_timer *timer)
{
	start_process(container_of(timer, struct status_server, timer));
}

/* It is ready at once, and so never given up. One that lived for a second is replaced at once, others are waited for. */
static void start_again(struct status_server *server, const char *how)
{
	int64_t now_ns = clock_now_ns(), at_ns = now_ns;

	restart_died(&server->restart, true, now_ns, &at_ns);
	report_own(server->supervisor, BROOD_WARN, "status process died",
		(struct log_field[]){
			LOG_INT("process", server->child.pid),
			LOG_TEXT("exit", how),
			LOG_INT("after_ms", (at_ns - now_ns) / NS_PER_MS),
		},
		3);
	server->timer.fire = start_due;
	loop_arm(&server->supervisor->loop, &server->timer, at_ns);
}

static void process_ended(struct loop_source *source, uint32_t events)
{
	struct status_server *server = container_of(source, struct status_server, exit_source);
	char how[EXIT_TEXT_SIZE];
	struct child_exit exit;

	(void)events;
	if (child_reap(&server->child, &exit) < 0)
		return;
	close_process(server);
	if (exit.code == CLD_EXITED && exit.status == STATUS_EXIT_KEEPS_RIGHTS && !server->keeps_rights) {
		server->keeps_rights = true;
		report_own(server->supervisor, BROOD_WARN,
			"the status process cannot become nobody; it stays who it is", NULL, 0);
		start_process(server);
		return;
	}
	child_exit_text(&exit, how, sizeof how);
	start_again(server, how);
}

static int fork_process(struct status_server *server, int channel_fd)
{
	struct child child;
	int r = child_spawn(false, &child);

	if (r == 0)
		status_process_run(server, channel_fd);
	if (r < 0)
		return r;
	setpgid(child.pid, child.pid);
	server->child = child;
	server->exit_source = (struct loop_source){ .fd = child.pidfd, .ready = process_ended };
	return loop_add(&server->supervisor->loop, &server->exit_source, EPOLLIN);
}

static void start_process(struct status_server *server)
{
	int channel_fd, r;

	restart_started(&server->restart, clock_now_ns());
	restart_ready(&server->restart);
	r = channel_open(&server->channel_fd, &channel_fd);
	if (r == 0) {
		r = fork_process(server, channel_fd);
		close(channel_fd);
	}
	if (r == 0) {
		status_shared_begin(server->shared);
		server->shared->starts++;
		status_shared_end(server->shared);
		r = status_rows_send(server);
	}
	if (r == 0)
		return;
	/* Forked, but not watched or not told: it must not live. */
	kill_process(server);
	if (server->child.pidfd >= 0 && server->exit_source.added)
		return;
	if (server->child.pidfd >= 0)
		waitid(P_PIDFD, (id_t)server->child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	close_process(server);
	start_again(server, strerror(-r));
}

/* ---- Opening and closing ---- */

/* A sentence about the URL begins with where it was written. */
static int refuse(struct supervisor *supervisor, int status, const char *sentence)
{
	const char *at = supervisor->config->status_listen_at;

	report_fatal(supervisor, status, "%s%s%s", at ? at : "", at ? ": " : "", sentence);
	return status;
}

static bool is_stream_listener(const struct listener *listener)
{
	return !listener->connected && listener->family != LISTENER_UDP && listener->family != LISTENER_UNIXGRAM;
}

static int open_url(struct status_server *server)
{
	struct supervisor *supervisor = server->supervisor;
	const char *url = supervisor->config->status_listen;
	struct sentence why;
	int r = open_listeners(url, &(struct open_options){ .backlog = BACKLOG }, server->listeners, STATUS_LISTENERS,
		&server->listener_count, &why);

	if (r < 0)
		return refuse(
			supervisor, listeners_exit_status(url, r, supervisor->config->has_config_file), why.text);
	for (size_t i = 0; i < server->listener_count; i++) {
		if (is_stream_listener(&server->listeners[i]))
			continue;
		sentence_set(&why, 0, "'%.200s' has no connections: write tcp://HOST:PORT or unix:/PATH", url);
		return refuse(supervisor, EX_USAGE, why.text);
	}
	for (size_t i = 0; i < server->listener_count; i++)
		report_line("status on %s", server->listeners[i].url);
	return 0;
}

static struct status_server *new_server(struct supervisor *supervisor)
{
	struct status_server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	*server = (struct status_server){
		.supervisor = supervisor, .shared_fd = -1, .child.pidfd = -1, .channel_fd = -1, .exit_source.fd = -1
	};
	/* Room in the heap of timers: no arming ever fails later. */
	if (loop_arm(&supervisor->loop, &server->timer, INT64_MAX) < 0 ||
		status_shared_open(&server->shared, &server->shared_fd) < 0) {
		loop_disarm(&supervisor->loop, &server->timer);
		free(server);
		return NULL;
	}
	loop_disarm(&supervisor->loop, &server->timer);
	return server;
}

static int64_t realtime_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

/* What the image before us left: a process that nobody talks to any more, a listener, and what is past. */
static void take_over(struct status_server *server, struct legacy *legacy)
{
	server->listener_count = legacy_sockets(legacy, LEGACY_OWNER, server->listeners, STATUS_LISTENERS);
	status_rows_inherit(server, legacy->status_memory_fd);
	legacy->status_memory_fd = -1;
}

static void end_predecessor(struct legacy *legacy)
{
	struct child child = { .pid = legacy->status_pid, .pidfd = legacy->status_pidfd };

	if (child.pidfd < 0)
		return;
	child_signal(&child, SIGKILL);
	waitid(P_PIDFD, (id_t)child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	child_close(&child);
	legacy->status_pidfd = -1;
}

int status_server_start(struct supervisor *supervisor)
{
	struct legacy *legacy = supervisor->config->legacy;
	struct status_server *server;
	int status = 0;

	if (legacy)
		end_predecessor(legacy);
	if (!supervisor->config->status_listen)
		return 0;
	server = new_server(supervisor);
	if (!server)
		return refuse(supervisor, EX_OSERR, "no memory for the status process");
	supervisor->status = server;
	server->shared->started_ms = realtime_ms();
	if (legacy)
		take_over(server, legacy);
	/* Back from an upgrade that failed: there was none. */
	if (server->listener_count == 0 && legacy && legacy->failed) {
		status_server_stop(supervisor);
		return 0;
	}
	if (server->listener_count == 0)
		status = open_url(server);
	if (status != 0)
		return status;
	status_rows_refresh(server);
	start_process(server);
	return 0;
}

void status_server_stop(struct supervisor *supervisor)
{
	struct status_server *server = supervisor->status;

	if (!server)
		return;
	if (server->child.pidfd >= 0) {
		kill_process(server);
		waitid(P_PIDFD, (id_t)server->child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	}
	close_process(server);
	loop_disarm(&supervisor->loop, &server->timer);
	for (size_t i = 0; i < server->listener_count; i++)
		open_close(&server->listeners[i], true);
	status_shared_close(server->shared, server->shared_fd);
	free(server);
	supervisor->status = NULL;
}

void status_server_refresh(struct supervisor *supervisor)
{
	struct status_server *server = supervisor->status;

	/* It does not read: it hangs, or was stopped. Another one will. */
	if (server && status_rows_refresh(server) == -EAGAIN)
		kill_process(server);
}

void status_server_board_gone(struct supervised *service)
{
	struct status_server *server = service->supervisor->status;

	if (server)
		status_rows_board_gone(server, service);
}

bool status_server_is(const struct supervisor *supervisor, pid_t pid)
{
	return supervisor->status && supervisor->status->child.pidfd >= 0 && supervisor->status->child.pid == pid;
}
