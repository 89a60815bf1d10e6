/* SPDX-License-Identifier: MIT */
/*
 * Decides what is made of what another image left. Everything is checked as it is read, and nothing that was told is closed
 * before all of it is taken up: a legacy that is wrong anywhere goes back as it came, to the image whose binary is still at
 * hand (upgrade_go_back).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise/supervisor.h"
#include "supervise/upgrade/legacy.h"
#include "transport/open.h"

static int refuse(struct sentence *why)
{
	return sentence_set(why, -EPROTO, "what the former supervisor left cannot be understood");
}

static bool is_next(const struct legacy *legacy, const char *record)
{
	return legacy->record && strcmp(legacy->record, record) == 0;
}

static void go_on(struct legacy *legacy)
{
	legacy->record = baton_next(&legacy->reader);
}

/* "": there is none. */
static const char *take_optional(struct legacy *legacy)
{
	const char *text = baton_take_text(&legacy->reader);

	return *text ? text : NULL;
}

int legacy_open(int fd, struct legacy *ret_legacy, struct sentence *why)
{
	struct legacy legacy = { .back_fd = -1, .status_pidfd = -1, .status_memory_fd = -1, .control_directory = "" };
	int r = baton_open(fd, &legacy.reader, why);

	if (r < 0)
		return r;
	legacy.raw = legacy.reader.next_line ? strdup(legacy.reader.next_line) : NULL;
	go_on(&legacy);
	if (is_next(&legacy, "failed")) {
		legacy.failed = baton_take_text(&legacy.reader);
		go_on(&legacy);
	}
	if (!legacy.raw || !is_next(&legacy, "image")) {
		legacy_close(&legacy);
		return refuse(why);
	}
	legacy.version = baton_take_text(&legacy.reader);
	legacy.binary = baton_take_text(&legacy.reader);
	legacy.back_fd = baton_take_fd(&legacy.reader, BATON_ANY);
	/* The way back leads back once: from here there is none. */
	if (legacy.failed && legacy.back_fd >= 0) {
		close(legacy.back_fd);
		legacy.back_fd = -1;
	}
	legacy.source = take_optional(&legacy);
	go_on(&legacy);
	*ret_legacy = legacy;
	return 0;
}

void legacy_close(struct legacy *legacy)
{
	free(legacy->raw);
	legacy->raw = NULL;
	baton_close(&legacy->reader);
}

int legacy_copy(const struct legacy *legacy, const char *failed, struct baton_writer *writer)
{
	int r = baton_begin(writer);

	if (r < 0)
		return r;
	baton_record(writer, "failed");
	baton_text(writer, failed);
	baton_pass_on(writer, &legacy->reader);
	fprintf(writer->out, "\n%s", legacy->raw);
	r = baton_end(writer);
	if (r < 0)
		baton_discard(writer);
	return r;
}

void legacy_take_listener(struct baton_reader *reader, struct listener *listener)
{
	listener->fd = baton_take_fd(reader, BATON_SOCKET);
	listener->lock_fd = baton_take_fd(reader, BATON_FILE);
	listener->family = (enum listener_family)baton_take_number(reader, 0, LISTENER_VSOCK);
	listener->connected = baton_take_number(reader, 0, 1);
	listener->shared = baton_take_number(reader, 0, 1);
	listener->path_dev = (dev_t)baton_take_number(reader, INT64_MIN, INT64_MAX);
	listener->path_ino = (ino_t)baton_take_number(reader, INT64_MIN, INT64_MAX);
	snprintf(listener->path, sizeof listener->path, "%s", baton_take_text(reader));
	snprintf(listener->url, sizeof listener->url, "%s", baton_take_text(reader));
	listener->transport = listener->family == LISTENER_UDP || listener->family == LISTENER_UNIXGRAM
				      ? &transport_datagram
				      : &transport_stream;
}

static void take_socket(struct legacy *legacy)
{
	struct legacy_socket socket = { .owner = baton_take_text(&legacy->reader) };

	legacy_take_listener(&legacy->reader, &socket.listener);
	if (legacy->socket_count == LEGACY_SOCKETS)
		legacy->reader.failed = true;
	else
		legacy->sockets[legacy->socket_count++] = socket;
}

static void take_asker(struct legacy *legacy)
{
	struct legacy_asker asker;

	asker.asked = (enum legacy_asked)baton_take_number(&legacy->reader, LEGACY_UPGRADE, LEGACY_NOTHING_YET);
	asker.fd = baton_take_fd(&legacy->reader, BATON_SOCKET);
	if (asker.fd < 0 || legacy->asker_count == LEGACY_ASKERS)
		legacy->reader.failed = true;
	else
		legacy->askers[legacy->asker_count++] = asker;
}

static void take_own(struct legacy *legacy, struct supervisor *supervisor)
{
	struct baton_reader *reader = &legacy->reader;

	if (is_next(legacy, "own")) {
		supervisor->loads = (unsigned int)baton_take_number(reader, 0, UINT32_MAX);
		supervisor->drained = baton_take_number(reader, 0, 1);
		supervisor->said_ready = baton_take_number(reader, 0, 1);
	} else if (is_next(legacy, "lifeline")) {
		supervisor->lifeline_read_fd = baton_take_fd(reader, BATON_PIPE);
		supervisor->lifeline_write_fd = baton_take_fd(reader, BATON_PIPE);
	} else if (is_next(legacy, "pid-file")) {
		supervisor->pid_file.fd = baton_take_fd(reader, BATON_FILE);
		supervisor->pid_file.path = baton_take_text(reader);
	} else if (is_next(legacy, "wanted")) {
		legacy->reload_wanted = baton_take_number(reader, 0, 1);
		legacy->upgrade_wanted = baton_take_number(reader, 0, 1);
	} else if (is_next(legacy, "asker")) {
		take_asker(legacy);
	} else if (is_next(legacy, "socket")) {
		take_socket(legacy);
	} else if (is_next(legacy, "control-directory")) {
		legacy->control_directory = baton_take_text(reader);
	} else if (is_next(legacy, "status-process")) {
		legacy->status_pid = (pid_t)baton_take_number(reader, 1, INT32_MAX);
		legacy->status_pidfd = baton_take_fd(reader, BATON_PIDFD);
	} else if (is_next(legacy, "status-memory")) {
		legacy->status_memory_fd = baton_take_fd(reader, BATON_MEMORY);
	} else {
		reader->failed = true;
	}
}

int legacy_take(struct legacy *legacy, struct supervisor *supervisor, struct sentence *why)
{
	for (; legacy->record && !is_next(legacy, "service") && !is_next(legacy, "end"); go_on(legacy))
		take_own(legacy, supervisor);
	if (legacy->reader.failed || !legacy->record || supervisor->lifeline_write_fd < 0)
		return refuse(why);
	return 0;
}

size_t legacy_sockets(struct legacy *legacy, const char *owner, struct listener *ret_listeners, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < legacy->socket_count && count < max; i++) {
		struct legacy_socket *socket = &legacy->sockets[i];

		if (!socket->owner || strcmp(socket->owner, owner) != 0)
			continue;
		ret_listeners[count++] = socket->listener;
		socket->owner = NULL;
	}
	return count;
}

void legacy_drop(struct legacy *legacy)
{
	for (size_t i = 0; i < legacy->socket_count; i++)
		if (legacy->sockets[i].owner)
			open_close(&legacy->sockets[i].listener, true);
	legacy->socket_count = 0;
	if (legacy->status_memory_fd >= 0)
		close(legacy->status_memory_fd);
	legacy->status_memory_fd = -1;
}
