/* SPDX-License-Identifier: MIT */
/* Decides what of a supervisor outlives its image. What is read again, or can be made again, does not. */
#include <errno.h>

#include "supervise/control/control.h"
#include "supervise/status/status_server.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/legacy.h"
#include "supervise/upgrade/legacy_totals.h"
#include "supervise/verbs.h"

static void write_listener(struct baton_writer *writer, const struct listener *listener)
{
	baton_fd(writer, listener->fd);
	baton_fd(writer, listener->lock_fd);
	baton_number(writer, listener->family);
	baton_number(writer, listener->connected);
	baton_number(writer, listener->shared);
	baton_number(writer, (int64_t)listener->path_dev);
	baton_number(writer, (int64_t)listener->path_ino);
	baton_text(writer, listener->path);
	baton_text(writer, listener->url);
}

static void write_socket(struct baton_writer *writer, const char *owner, const struct listener *listener)
{
	if (!listener || listener->fd < 0)
		return;
	baton_record(writer, "socket");
	baton_text(writer, owner);
	write_listener(writer, listener);
}

static void write_asker(struct baton_writer *writer, enum legacy_asked asked, int fd)
{
	baton_record(writer, "asker");
	baton_number(writer, asked);
	baton_fd(writer, fd);
}

static void write_askers(struct baton_writer *writer, const struct list *list, enum legacy_asked asked)
{
	list_each(pos, next, list) {
		const struct verb_reply *reply = container_of(pos, struct verb_reply, link);

		write_asker(writer, reply->for_reload ? LEGACY_RELOAD : asked, reply->fd);
	}
}

/* In this order they are answered. */
static void write_verbs(struct baton_writer *writer, const struct verbs *verbs)
{
	baton_record(writer, "wanted");
	baton_number(writer, verbs->reload_wanted || verbs->reload_carried);
	baton_number(writer, verbs->upgrade_wanted);
	write_askers(writer, &verbs->under_way, LEGACY_UPGRADE);
	write_askers(writer, &verbs->reload_waits, LEGACY_RELOAD);
	write_askers(writer, &verbs->upgrade_waits, LEGACY_NEXT_UPGRADE);
}

static void write_unheard(struct baton_writer *writer, const struct supervisor *supervisor)
{
	int fds[LEGACY_ASKERS];
	size_t count = control_unheard(supervisor, fds, LEGACY_ASKERS);

	for (size_t i = 0; i < count; i++)
		write_asker(writer, LEGACY_NOTHING_YET, fds[i]);
}

/* What the image before us left, and we have no use for, or could not come to. */
static void write_left(struct baton_writer *writer, const struct legacy *legacy)
{
	for (size_t i = 0; i < legacy->socket_count; i++)
		if (legacy->sockets[i].owner)
			write_socket(writer, legacy->sockets[i].owner, &legacy->sockets[i].listener);
	for (size_t i = 0; i < legacy->asker_count; i++)
		write_asker(writer, legacy->askers[i].asked, legacy->askers[i].fd);
	if (legacy->status_pidfd >= 0) {
		baton_record(writer, "status-process");
		baton_number(writer, legacy->status_pid);
		baton_fd(writer, legacy->status_pidfd);
	}
	if (legacy->status_memory_fd >= 0) {
		baton_record(writer, "status-memory");
		baton_fd(writer, legacy->status_memory_fd);
	}
}

static void write_status(struct baton_writer *writer, const struct status_server *status)
{
	for (size_t i = 0; i < status->listener_count; i++)
		write_socket(writer, "status", &status->listeners[i]);
	if (status->child.pidfd >= 0) {
		baton_record(writer, "status-process");
		baton_number(writer, status->child.pid);
		baton_fd(writer, status->child.pidfd);
	}
	baton_record(writer, "status-memory");
	baton_fd(writer, status->shared_fd);
}

static void write_own(const struct supervisor *supervisor, struct baton_writer *writer)
{
	const struct legacy *legacy = supervisor->config->legacy;

	baton_record(writer, "own");
	baton_number(writer, supervisor->loads);
	baton_number(writer, supervisor->drained);
	baton_number(writer, supervisor->said_ready);
	baton_record(writer, "lifeline");
	baton_fd(writer, supervisor->lifeline_read_fd);
	baton_fd(writer, supervisor->lifeline_write_fd);
	if (supervisor->pid_file.fd >= 0) {
		baton_record(writer, "pid-file");
		baton_fd(writer, supervisor->pid_file.fd);
		baton_text(writer, supervisor->pid_file.path);
	}
	write_verbs(writer, &supervisor->verbs);
	write_unheard(writer, supervisor);
	write_socket(writer, "control", control_listener(supervisor));
	baton_record(writer, "control-directory");
	baton_text(writer,
		supervisor->control || !legacy ? control_made_directory(supervisor) : legacy->control_directory);
	if (supervisor->status)
		write_status(writer, supervisor->status);
	if (legacy)
		write_left(writer, legacy);
}

static void write_service(struct baton_writer *writer, const struct supervised *service)
{
	const struct brood_service *effective = &service->effective;

	baton_record(writer, "service");
	baton_text(writer, effective->name);
	baton_number(writer,
		service->generation->role == GENERATION_IN_OFFICE ? LEGACY_ROLE_IN_OFFICE : LEGACY_ROLE_RETIRED);
	baton_number(writer, service->state);
	baton_text(writer, engine_model_name(effective->model));
	baton_number(writer, effective->workers);
	baton_number(writer, effective->threads);
	baton_number(writer, effective->drain_timeout_ms);
	baton_number(writer, effective->kill_after_ms);
	baton_number(writer, effective->lame_duck_ms);
	baton_number(writer, service->workers);
	baton_number(writer, service->restart.was_ready);
}

static void write_listeners(struct baton_writer *writer, const struct supervised *service)
{
	for (size_t i = 0; i < service->listener_count; i++) {
		const struct supervised_origin *origin = &service->origins[i];

		baton_record(writer, "listener");
		baton_text(writer, origin->url);
		baton_number(writer, (int64_t)origin->url_number);
		baton_number(writer, origin->backlog);
		baton_number(writer, origin->sent_as);
		baton_number(writer, origin->passed_on);
		baton_number(writer, origin->announced);
		write_listener(writer, &service->listeners[i]);
	}
}

static void write_process(struct baton_writer *writer, const struct supervised *service)
{
	bool foreign = service->foreign.board.fd >= 0;
	const struct board *board = foreign ? &service->foreign.board : &service->board;

	if (!supervised_has_process(service))
		return;
	baton_record(writer, "process");
	baton_number(writer, service->child.pid);
	baton_fd(writer, service->child.pidfd);
	baton_fd(writer, service->channel_source.fd);
	baton_text(writer, foreign ? service->foreign.version : brood_version());
	baton_fd(writer, board->fd);
	baton_fd(writer, board->fd >= 0 ? board->read_fd : -1);
	baton_number(writer, board->count);
	baton_number(writer, (int64_t)board->area_size);
	baton_number(writer, service->restart.started_ns);
	baton_number(writer, service->timer.place ? service->timer.at_ns : INT64_MAX);
}

/* Behind everything else: those that somebody listens on were told there. */
static void write_handed(struct baton_writer *writer, const struct open_fd_held *held)
{
	for (int fd = open_fd_next(held, -1); fd >= 0; fd = open_fd_next(held, fd)) {
		if (baton_keeps(writer, fd))
			continue;
		baton_record(writer, "handed");
		baton_fd(writer, fd);
	}
}

static const char *source_of(const struct supervisor *supervisor)
{
	const struct supervise_load *load = supervisor->generation->load;

	return load ? load->source : supervisor->config->source;
}

int legacy_write(struct supervisor *supervisor, int back_fd, const char *failed, struct baton_writer *writer)
{
	const struct supervised *service = NULL;
	int r = baton_begin(writer);

	if (r < 0)
		return r;
	if (failed) {
		baton_record(writer, "failed");
		baton_text(writer, failed);
	}
	baton_record(writer, "image");
	baton_text(writer, brood_version());
	baton_text(writer, supervisor->upgrade.path);
	baton_fd(writer, back_fd);
	baton_text(writer, source_of(supervisor));
	write_own(supervisor, writer);
	while ((service = generation_next(supervisor, service))) {
		write_service(writer, service);
		write_listeners(writer, service);
		write_process(writer, service);
		legacy_totals_write(writer, service);
	}
	write_handed(writer, &supervisor->held);
	baton_record(writer, "end");
	r = baton_end(writer);
	if (r < 0)
		baton_discard(writer);
	return r;
}
