/* SPDX-License-Identifier: MIT */
/*
 * Decides what the status process is and may do: nobody, without rights, with its listener, the shared memory and nothing of a
 * service's clients. Invariant: it serves a bounded number of connections for a bounded time each, and ends with its
 * supervisor. Called by status_server.c, in the child.
 */
#include "supervise/status/status_process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "process/descriptors.h"
#include "process/privileges.h"
#include "process/signals.h"
#include "supervise/notify.h"
#include "supervise/status/status_answer.h"
#include "supervise/status/status_client.h"
#include "supervise/status/status_server.h"
#include "supervise/status/status_view.h"

#define CLIENTS      64
#define NOBODY       "65534" /* by number: the name is not everywhere */
#define PROCESS_NAME "brood-status"

/* Out of descriptors or memory: how long nobody is accepted, if no connection ends meanwhile. */
#define PAUSE_MS 1000

struct acceptor {
	struct loop_source source;
	struct status_process *process;
};

struct status_process {
	struct loop loop;
	struct status_clerk clerk;
	struct status_view *view;
	struct signals signals;
	struct acceptor acceptors[STATUS_LISTENERS];
	size_t acceptor_count;
	bool accepting;
	struct loop_timer pause;
	struct loop_source channel_source, lifeline_source;
	struct status_client clients[CLIENTS];
};

static void accept_on(struct status_process *process)
{
	loop_disarm(&process->loop, &process->pause);
	if (process->accepting)
		return;
	process->accepting = true;
	for (size_t i = 0; i < process->acceptor_count; i++)
		if (loop_add(&process->loop, &process->acceptors[i].source, EPOLLIN) < 0)
			_exit(EXIT_FAILURE);
}

/* Whoever comes now waits in the kernel's queue. */
static void accept_off(struct status_process *process)
{
	for (size_t i = 0; i < process->acceptor_count; i++)
		loop_del(&process->loop, &process->acceptors[i].source);
	process->accepting = false;
}

static void pause_over(struct loop_timer *timer)
{
	accept_on(container_of(timer, struct status_process, pause));
}

static struct status_client *find_free(struct status_process *process)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (!process->clients[i].in_use)
			return &process->clients[i];
	return NULL;
}

/* One at a time: the loop comes back for more. */
static void client_waits(struct loop_source *source, uint32_t events)
{
	struct status_process *process = container_of(source, struct acceptor, source)->process;
	struct status_client *client = find_free(process);
	int fd;

	(void)events;
	if (!client) {
		accept_off(process);
		return;
	}
	fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		status_client_begin(client, &process->clerk, fd);
		return;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return;
	accept_off(process);
	loop_arm(&process->loop, &process->pause, clock_now_ns() + PAUSE_MS * NS_PER_MS);
}

static void client_over(struct status_clerk *clerk, struct status_client *client)
{
	(void)client;
	accept_on(container_of(clerk, struct status_process, clerk));
}

static char *answer(struct status_clerk *clerk, const struct status_request *request, size_t *ret_size)
{
	return status_answer(container_of(clerk, struct status_process, clerk)->view, request, ret_size);
}

static void board_waits(struct loop_source *source, uint32_t events)
{
	struct status_process *process = container_of(source, struct status_process, channel_source);

	(void)events;
	if (status_view_receive(process->view) < 0)
		_exit(EXIT_SUCCESS);
}

static void supervisor_gone(struct loop_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	_exit(EXIT_SUCCESS);
}

/* ---- Birth ---- */

/* What service processes write is not ours to map writable, and the rest of the supervisor's is not ours at all. */
static void forget_supervisor(struct status_server *server, int channel_fd)
{
	struct supervisor *supervisor = server->supervisor;
	int kept[STATUS_LISTENERS + 3] = { channel_fd, server->shared_fd, supervisor->lifeline_read_fd };

	for (size_t i = 0; i < STATUS_LISTENERS; i++)
		kept[3 + i] = i < server->listener_count ? server->listeners[i].fd : -1;
	signals_forget(&supervisor->signals);
	loop_fini(&supervisor->loop);
	for (struct supervised *service = NULL; (service = generation_next(supervisor, service));)
		if (service->board.fd >= 0)
			munmap(service->board.pages, service->board.size);
	notify_forget();
	descriptors_close_but(STDERR_FILENO + 1, -1, kept, sizeof kept / sizeof *kept);
}

/* Root becomes nobody; anybody else has few rights already, and stays. */
static int drop_rights(const struct status_server *server)
{
	struct privileges wanted = { .no_new_privs = true };

	if (geteuid() == 0 && !server->keeps_rights)
		wanted.user = wanted.group = NOBODY;
	return privileges_drop(&wanted, NULL);
}

/* By default they would end us, and a terminal sends some of them to all of its processes. */
static const struct signals_config status_signals = {
	.harmless = SIGNALS_BIT(SIGHUP) | SIGNALS_BIT(SIGUSR1) | SIGNALS_BIT(SIGUSR2) | SIGNALS_BIT(SIGPIPE) |
		    SIGNALS_BIT(SIGALRM) | SIGNALS_BIT(SIGTTIN) | SIGNALS_BIT(SIGTTOU),
	.reset_others = true,
};

static int open_process(struct status_process *process, const struct status_server *server, int channel_fd)
{
	int r = signals_open(&process->signals, &status_signals);

	if (r == 0)
		r = loop_init(&process->loop);
	if (r == 0)
		r = status_view_new(server->shared_fd, channel_fd, &process->view);
	if (r < 0)
		return r;
	process->clerk = (struct status_clerk){ .loop = &process->loop, .answer = answer, .over = client_over };
	process->pause.fire = pause_over;
	for (size_t i = 0; i < server->listener_count; i++) {
		struct loop_source source = { .fd = server->listeners[i].fd, .ready = client_waits };

		process->acceptors[process->acceptor_count++] = (struct acceptor){ source, process };
	}
	process->channel_source = (struct loop_source){ .fd = channel_fd, .ready = board_waits };
	process->lifeline_source =
		(struct loop_source){ .fd = server->supervisor->lifeline_read_fd, .ready = supervisor_gone };
	r = loop_add(&process->loop, &process->channel_source, EPOLLIN);
	if (r == 0)
		r = loop_add(&process->loop, &process->lifeline_source, 0); /* EPOLLHUP is always reported */
	return r;
}

void status_process_run(struct status_server *server, int channel_fd)
{
	pid_t supervisor = server->supervisor->pid;
	struct status_process *process = calloc(1, sizeof *process);

	setpgid(0, 0); /* a terminal's ^C is the supervisor's */
	prctl(PR_SET_NAME, PROCESS_NAME);
	forget_supervisor(server, channel_fd);
	if (drop_rights(server) < 0)
		_exit(STATUS_EXIT_KEEPS_RIGHTS);
	/* Behind the change of user, which the kernel forgets it at. */
	if (child_die_with_parent(supervisor, SIGKILL) < 0)
		_exit(EXIT_SUCCESS);
	if (!process || open_process(process, server, channel_fd) < 0)
		_exit(EXIT_FAILURE);
	accept_on(process);
	while (loop_turn(&process->loop, -1) == 0)
		continue;
	_exit(EXIT_FAILURE);
}
