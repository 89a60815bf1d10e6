/* SPDX-License-Identifier: MIT */
/*
 * Decides which listener is the same as before: the one whose URL is, without its settings. Invariant: until the heir takes
 * office nothing about the sockets has changed, and giving up the heir leaves no trace.
 */
#include "supervise/inheritance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/transport.h"
#include "protocol/url.h"
#include "supervise/listeners.h"
#include "supervise/supervisor.h"
#include "transport/open.h"

static bool is_same(const char *one, const char *other)
{
	size_t size = strcspn(one, "?");

	return size == strcspn(other, "?") && strncmp(one, other, size) == 0;
}

static const char *settings_of(const char *url)
{
	return url + strcspn(url, "?");
}

static int copy_fd(int fd)
{
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return fd >= 0 && copy < 0 ? -errno : copy;
}

/* A connection that was handed to us is served once: all there is of it is its name. */
static int copy_listener(struct supervised *service, struct listener *old, struct supervised_origin *origin)
{
	struct listener *listener = &service->listeners[service->listener_count];
	int fd = copy_fd(old->connected ? -1 : old->fd), lock_fd = copy_fd(old->lock_fd);

	if (fd < -1 || lock_fd < -1) {
		if (fd >= 0)
			close(fd);
		if (lock_fd >= 0)
			close(lock_fd);
		return fd < -1 ? fd : lock_fd;
	}
	*listener = *old;
	listener->fd = fd;
	listener->lock_fd = lock_fd;
	service->origins[service->listener_count++] = (struct supervised_origin){
		.from = origin,
		.announced = origin->announced,
	};
	origin->claimed = service->generation->number;
	return 0;
}

static bool is_free(const struct supervised *service, const struct supervised *old, size_t i)
{
	const struct listener *listener = &old->listeners[i];

	return (listener->fd >= 0 || listener->connected) && old->origins[i].claimed != service->generation->number;
}

/* The URL that opened number first of old may have opened more. */
static int claim_from(struct supervised *service, struct supervised *old, size_t first, struct sentence *why)
{
	size_t before = service->listener_count;

	for (size_t i = first; i < old->listener_count; i++) {
		int r;

		if (old->origins[i].url_number != old->origins[first].url_number)
			break;
		r = service->listener_count < ENGINE_LISTENERS
			    ? copy_listener(service, &old->listeners[i], &old->origins[i])
			    : -E2BIG;
		if (r < 0)
			return sentence_set(
				why, r, "cannot go on listening on %.200s: %s", old->origins[i].url, strerror(-r));
	}
	return (int)(service->listener_count - before);
}

int inheritance_claim(struct supervised *service, const char *url, struct sentence *why)
{
	const struct supervisor *supervisor = service->supervisor;

	if (service->generation->role != GENERATION_COMING)
		return 0;
	for (size_t i = 0; i < supervisor->service_count; i++) {
		struct supervised *old = &supervisor->services[i];

		for (size_t k = 0; k < old->listener_count; k++) {
			int r;

			if (!is_same(old->origins[k].url, url) || !is_free(service, old, k))
				continue;
			/* What would go wrong when it is too late to go back, goes wrong now. */
			r = open_change(&old->listeners[k], url, false, why);
			return r < 0 ? r : claim_from(service, old, k, why);
		}
	}
	return 0;
}

static void add(struct sentence *unapplied, const char *text)
{
	size_t used = strlen(unapplied->text);

	snprintf(unapplied->text + used, sizeof unapplied->text - used, "%s%s", used ? "; " : "", text);
}

/* A setting that is not there any more had a value that we do not know: the path's own, under our umask. */
static bool has_lost_setting(const char *before, const char *now)
{
	static const char *const keys[] = { "mode=", "owner=", "group=" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strstr(settings_of(before), keys[i]) && !strstr(settings_of(now), keys[i]))
			return true;
	return false;
}

/* Sockets are neither added nor taken away: a new one would hold clients before anybody serves them, and with an old one those in
 * its queue would go. */
static void compare_sockets(const struct supervised *service, size_t number, struct sentence *unapplied)
{
	const char *text = service->origins[number].url;
	unsigned int sockets = listeners_sockets(service, number);
	struct sentence why;
	struct url url;

	if (listeners_is_sibling(service, number) || url_parse(text, strlen(text), &url, NULL) < 0 ||
		url_sockets(&url, service->effective.workers) == sockets)
		return;
	sentence_set(&why, 0, "%.200s keeps its %u socket%s until a restart", service->listeners[number].url, sockets,
		sockets == 1 ? "" : "s");
	add(unapplied, why.text);
}

static void change(
	const struct listener *listener, const struct supervised_origin *origin, struct sentence *unapplied)
{
	struct sentence why = { "" };

	if (strcmp(settings_of(origin->url), settings_of(origin->from->url)) != 0) {
		if (open_change(listener, origin->url, true, &why) < 0)
			add(unapplied, why.text);
		else if (has_lost_setting(origin->from->url, origin->url)) {
			sentence_set(&why, 0, "%.200s keeps the settings it had until a restart", listener->url);
			add(unapplied, why.text);
		}
	}
	if (origin->backlog == origin->from->backlog || listener->shared || listener->transport->datagram)
		return;
	if (listen(listener->fd, origin->backlog) < 0) {
		sentence_set(&why, 0, "%.200s keeps its backlog: %s", listener->url, strerror(errno));
		add(unapplied, why.text);
	}
}

void inheritance_settle(struct generation *heir, struct sentence *unapplied)
{
	for (size_t i = 0; i < heir->service_count; i++) {
		struct supervised *service = &heir->services[i];

		for (size_t k = 0; k < service->listener_count; k++) {
			struct supervised_origin *origin = &service->origins[k];

			if (!origin->from)
				continue;
			change(&service->listeners[k], origin, unapplied);
			compare_sockets(service, k, unapplied);
			origin->from->passed_on = true;
			origin->from = NULL;
		}
	}
}

uint32_t inheritance_passed_on(const struct supervised *service)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < service->listener_count; i++)
		if (service->origins[i].passed_on && service->origins[i].sent_as >= 0)
			bits |= UINT32_C(1) << service->origins[i].sent_as;
	return bits;
}
