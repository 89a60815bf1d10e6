/* SPDX-License-Identifier: MIT */
/*
 * Decides where the control socket is, who may use it and how many at a time. Its mode lets nobody else in; who is root, or got in
 * by a change of that mode, is asked for by SO_PEERCRED. Also takes a sample of each service's counters every second: rates are
 * for those who ask here.
 */
#include "supervise/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "observe/figures.h"
#include "supervise/control/control_client.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/legacy.h"
#include "transport/open.h"
#include "transport/open_unix.h"

#define ACCEPT_BATCH 16
#define BACKLOG      128 /* whoever is one too many is to be told so, and soon */

struct control {
	struct supervisor *supervisor;
	struct listener listener; /* fd -1: there is no socket */
	struct loop_source source;
	struct list clients;
	size_t client_count;
	struct loop_timer timer;
	int64_t opened_ns;
	int64_t refused_ns;                     /* when the last stranger was told of */
	char made_directory[CONTROL_PATH_SIZE]; /* by us, or "" */
};

/* ---- Clients ----------------------------------------------------------------------------------------------- */

static void client_gone(struct control_client *client)
{
	client->supervisor->control->client_count--;
	list_remove(&client->link);
	free(client);
}

static bool may_control(const struct control_client *client)
{
	return client->uid == 0 || client->uid == geteuid();
}

static void refuse_stranger(struct control *control, struct control_client *client)
{
	int64_t now_ns = clock_now_ns();

	if (control->refused_ns == 0 || now_ns - control->refused_ns >= NS_PER_SEC) {
		control->refused_ns = now_ns;
		report_own(control->supervisor, BROOD_WARN, "control refused",
			(struct log_field[]){ LOG_INT("uid", client->uid), LOG_INT("process", client->pid) }, 2);
	}
	control_client_refuse(client, "only root and the user of this brood may control it");
}

static struct control_client *add_client(struct control *control, int fd)
{
	struct control_client *client;

	/* Else the kernel would keep some hundred KiB for whoever does not read. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SHOW_PART_MAX }, sizeof(int));
	client = control_client_new(control->supervisor, fd, client_gone);
	if (!client)
		return NULL;
	list_append(&control->clients, &client->link);
	control->client_count++;
	return client;
}

/* One line fits into a socket that nobody wrote to yet. */
static void turn_away(int fd)
{
	static const char full[] = "failed: as many as may are being answered already; try again\n";

	if (send(fd, full, sizeof full - 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		shutdown(fd, SHUT_WR);
	close(fd);
}

/* No descriptor left, or no memory: whoever is in the queue stays there, and would keep the loop awake. */
static void pause_accepting(struct control *control, int error)
{
	if (error != EAGAIN && error != EINTR && error != ECONNABORTED)
		loop_del(&control->supervisor->loop, &control->source);
}

static void accept_clients(struct loop_source *source, uint32_t events)
{
	struct control *control = container_of(source, struct control, source);
	struct control_client *client;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			pause_accepting(control, errno);
			return;
		}
		if (control->client_count >= CONTROL_CLIENTS_MAX) {
			turn_away(fd);
			continue;
		}
		client = add_client(control, fd);
		if (client && !may_control(client))
			refuse_stranger(control, client);
	}
}

struct verb_reply *control_adopt(struct supervisor *supervisor, int fd, bool waits)
{
	struct control *control = supervisor->control;
	struct control_client *client;

	if (!control || control->client_count >= CONTROL_CLIENTS_MAX) {
		close(fd);
		return NULL;
	}
	client = add_client(control, fd);
	if (!client)
		return NULL;
	if (waits)
		control_client_wait(client);
	else if (!may_control(client))
		refuse_stranger(control, client);
	return &client->reply;
}

size_t control_unheard(const struct supervisor *supervisor, int *ret_fds, size_t max)
{
	size_t count = 0;

	if (!supervisor->control)
		return 0;
	list_each(pos, next, &supervisor->control->clients) {
		const struct control_client *client = container_of(pos, struct control_client, link);

		if (client->phase == CONTROL_READING && client->request_size == 0 && count < max)
			ret_fds[count++] = client->source.fd;
	}
	return count;
}

void control_flush(struct supervisor *supervisor)
{
	if (!supervisor->control)
		return;
	list_each(pos, next, &supervisor->control->clients)
		control_client_flush(container_of(pos, struct control_client, link));
}

/* ---- Each second ----------------------------------------------------------------------------------------------- */

static void tick(struct loop_timer *timer)
{
	struct control *control = container_of(timer, struct control, timer);
	struct supervisor *supervisor = control->supervisor;
	struct figures figures;

	if (!control->source.added)
		loop_add(&supervisor->loop, &control->source, EPOLLIN);
	for (struct supervised *service = generation_next(supervisor, NULL); service;
		service = generation_next(supervisor, service)) {
		totals_read(&figures, service);
		rates_take(&service->rates, &figures, supervisor->loop.now_ns);
	}
	loop_arm(&supervisor->loop, timer, supervisor->loop.now_ns + RATES_PERIOD_NS);
}

int64_t control_opened_ns(const struct supervisor *supervisor)
{
	return supervisor->control->opened_ns;
}

/* ---- The socket -------------------------------------------------------------------------------------------- */

static int open_socket(struct control *control, const char *path, struct sentence *why)
{
	struct open_job job = {
		.text = path,
		.url = { .scheme = URL_UNIX, .settings = 1, .setting = { { "mode", "0600" } } },
		.backlog = BACKLOG,
		.listeners = &control->listener,
		.max = 1,
		.why = why,
	};
	struct listener none = control->listener;
	int r;

	/* Whoever opens it looks for its directory. */
	r = snprintf(job.url.path, sizeof job.url.path, "%s%s", strchr(path, '/') ? "" : "./", path);
	if (r >= (int)sizeof job.url.path)
		return open_job_refuse(&job, -ENAMETOOLONG, "a socket's path has at most %d bytes", URL_PATH_MAX);
	r = open_unix(&job);
	if (r < 0) {
		control->listener = none;
		return r;
	}
	control->source = (struct loop_source){ .fd = control->listener.fd, .ready = accept_clients };
	r = loop_add(&control->supervisor->loop, &control->source, EPOLLIN);
	if (r < 0)
		open_close(&control->listener, true);
	return r < 0 ? open_job_failed(&job, r) : 0;
}

/* $XDG_RUNTIME_DIR is there, and ours alone; what is in it, programs make. */
static void make_directory(struct control *control, const char *path)
{
	char *directory = control->made_directory;

	snprintf(directory, CONTROL_PATH_SIZE, "%.*s", (int)(strrchr(path, '/') - path), path);
	if (mkdir(directory, 0700) < 0)
		directory[0] = '\0';
}

static int open_default(struct control *control)
{
	char path[CONTROL_PATH_SIZE];
	struct sentence why;
	int r = control_default_path(path, &why);

	if (r < 0) {
		report_own(control->supervisor, BROOD_DEBUG, "no control socket",
			(struct log_field[]){ LOG_TEXT("why", why.text) }, 1);
		return 0;
	}
	make_directory(control, path);
	r = open_socket(control, path, &why);
	if (r < 0)
		report_own(control->supervisor, BROOD_INFO, "no control socket; --control PATH chooses another place",
			(struct log_field[]){ LOG_TEXT("why", why.text) }, 1);
	return 0;
}

static int open_asked_for(struct control *control)
{
	const struct supervise_config *config = control->supervisor->config;
	struct sentence why;
	int r = open_socket(control, config->control, &why);

	if (r == 0)
		return 0;
	report_fatal(control->supervisor, r == -EADDRINUSE ? EX_UNAVAILABLE : EX_CANTCREAT, "%s%s%s",
		config->control_at ? config->control_at : "", config->control_at ? ": " : "", why.text);
	return control->supervisor->exit_status;
}

const struct listener *control_listener(const struct supervisor *supervisor)
{
	return supervisor->control ? &supervisor->control->listener : NULL;
}

const char *control_made_directory(const struct supervisor *supervisor)
{
	return supervisor->control ? supervisor->control->made_directory : "";
}

/* The image before us had one: whoever waits in its queue waits for us. */
static bool adopt_socket(struct control *control)
{
	struct legacy *legacy = control->supervisor->config->legacy;

	if (!legacy || legacy_sockets(legacy, "control", &control->listener, 1) == 0)
		return false;
	snprintf(control->made_directory, sizeof control->made_directory, "%s", legacy->control_directory);
	control->source = (struct loop_source){ .fd = control->listener.fd, .ready = accept_clients };
	return loop_add(&control->supervisor->loop, &control->source, EPOLLIN) == 0;
}

/* From an upgrade that failed: there is what there was, whatever the configuration says since. */
static bool is_back(const struct supervisor *supervisor)
{
	return supervisor->config->legacy && supervisor->config->legacy->failed;
}

int control_open(struct supervisor *supervisor)
{
	struct control *control = calloc(1, sizeof *control);

	if (!control) {
		report_fatal(supervisor, EX_OSERR, "no memory for the control socket");
		return EX_OSERR;
	}
	control->supervisor = supervisor;
	control->listener = (struct listener){ .fd = -1, .lock_fd = -1 };
	control->source.fd = -1;
	control->opened_ns = clock_now_ns();
	control->timer.fire = tick;
	list_init(&control->clients);
	supervisor->control = control;
	if (!adopt_socket(control) && !is_back(supervisor)) {
		if (supervisor->config->control && open_asked_for(control) != 0)
			return supervisor->exit_status;
		if (!supervisor->config->control)
			open_default(control);
	}
	if (control->listener.fd >= 0)
		loop_arm(&supervisor->loop, &control->timer, control->opened_ns);
	return 0;
}

void control_close(struct supervisor *supervisor)
{
	struct control *control = supervisor->control;

	if (!control)
		return;
	list_each(pos, next, &control->clients)
		control_client_part(container_of(pos, struct control_client, link));
	loop_disarm(&supervisor->loop, &control->timer);
	loop_del(&supervisor->loop, &control->source);
	open_close(&control->listener, true);
	if (control->made_directory[0])
		rmdir(control->made_directory);
	free(control);
	supervisor->control = NULL;
}
