/* SPDX-License-Identifier: MIT */
/*
 * Decides which URLs are opened, and with which exit status we end when one cannot be. Called before anything of the
 * generation is forked: a service that cannot have its address starts nothing.
 */
#include "supervise/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "core/engine.h"
#include "supervise/inheritance.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "transport/open.h"

#define URL_SEPARATORS    " \t\n"
#define WORKERS_TEXT_SIZE 48

/* A socket file is a file like the pid file and the log: whatever is in its way, it cannot be created. */
int listeners_exit_status(const char *url, int error, bool in_file)
{
	bool file = strncmp(url, "unix:/", 6) == 0 || strncmp(url, "unixgram:/", 10) == 0;

	switch (error) {
	case -EADDRINUSE:
		return EX_UNAVAILABLE;
	case -EACCES:
	case -EPERM:
		return file ? EX_CANTCREAT : EX_NOPERM;
	case -EINVAL:
	case -ENOBUFS:
		return in_file ? EX_CONFIG : EX_USAGE;
	default:
		return file ? EX_CANTCREAT : EX_OSERR;
	}
}

/* Those from number first on are what this URL, the number-th of its service, stands for. */
static void note_origin(struct supervised *service, const char *url, size_t number, size_t first)
{
	for (size_t i = first; i < service->listener_count; i++) {
		struct supervised_origin *origin = &service->origins[i];

		snprintf(origin->url, sizeof origin->url, "%s", url);
		origin->url_number = number;
		origin->backlog = service->effective.backlog;
		origin->sent_as = -1;
	}
}

/* 0 or -errno with a sentence. */
static int open_new(struct supervised *service, const char *url, struct sentence *why)
{
	struct open_options options = { .backlog = service->effective.backlog,
		.workers = service->effective.workers };
	size_t first = service->listener_count, count;
	int r;

	r = open_listeners(url, &options, service->listeners + first, ENGINE_LISTENERS - first, &count, why);
	if (r < 0)
		return r;
	memset(service->origins + first, 0, count * sizeof *service->origins);
	service->listener_count += count;
	if (engine_model_is_standing(service->effective.model) && service->listeners[first].connected)
		return sentence_set(why, -EINVAL,
			"%s is one client already, and model %s accepts its clients itself: choose fork, thread or "
			"iterative",
			service->listeners[first].url, engine_model_name(service->effective.model));
	return 0;
}

/* at: where the URL was written, or NULL. */
static int open_url(struct supervised *service, const char *url, size_t number, const char *at, struct sentence *why)
{
	size_t first = service->listener_count;
	struct sentence reason = { "" };
	int r = inheritance_claim(service, url, &reason);

	if (r == 0)
		r = open_new(service, url, &reason);
	if (r >= 0) {
		note_origin(service, url, number, first);
		return 0;
	}
	if (r == -EADDRINUSE && service->config->spare_busy) {
		report_line("brood: %s; %s goes on without it", reason.text, service->effective.name);
		return 0;
	}
	return sentence_set(why, listeners_exit_status(url, r, service->config->config_at), "%s%s%s", at ? at : "",
		at ? ": " : "", reason.text);
}

int listeners_open(struct supervised *service, struct sentence *why)
{
	const struct supervise_service *config = service->config;
	const char *next = service->effective.listen ? service->effective.listen : "";
	char url[SUPERVISED_URL_SIZE];
	size_t size, i = 0;
	int r;

	for (next += strspn(next, URL_SEPARATORS); *next; next += size + strspn(next + size, URL_SEPARATORS), i++) {
		size = strcspn(next, URL_SEPARATORS);
		if (size >= sizeof url)
			return sentence_set(why, EX_USAGE, "service %s: a listen URL is longer than %d bytes",
				service->effective.name, SUPERVISED_URL_SIZE - 1);
		memcpy(url, next, size);
		url[size] = '\0';
		r = open_url(service, url, i, config->listen_at ? config->listen_at[i] : config->config_at, why);
		if (r != 0)
			return r;
	}
	if (service->listener_count == 0 && !config->spare_busy)
		return sentence_set(why, EX_USAGE, "service %s has nowhere to listen", service->effective.name);
	return 0;
}

static int worker_count(const struct brood_service *service)
{
	return service->model == BROOD_THREAD ? service->threads : service->workers;
}

/* "40 workers", "2 to 8 workers", "1 thread". */
static const char *worker_text(const struct brood_service *service, char text[WORKERS_TEXT_SIZE])
{
	int workers = worker_count(service);
	const char *noun = service->model == BROOD_THREAD ? "thread" : "worker";

	if (service->model == BROOD_PREFORK && service->workers_min < service->workers_max)
		snprintf(text, WORKERS_TEXT_SIZE, "%d to %d workers", service->workers_min, service->workers_max);
	else
		snprintf(text, WORKERS_TEXT_SIZE, "%d %s%s", workers, noun, workers == 1 ? "" : "s");
	return text;
}

bool listeners_is_sibling(const struct supervised *service, size_t number)
{
	const struct supervised_origin *origin = &service->origins[number];

	return number > 0 && number < service->listener_count && origin[-1].url_number == origin->url_number &&
	       !service->listeners[number].shared &&
	       strcmp(service->listeners[number - 1].url, service->listeners[number].url) == 0;
}

unsigned int listeners_sockets(const struct supervised *service, size_t number)
{
	unsigned int sockets = 1;

	while (listeners_is_sibling(service, ++number))
		sockets++;
	return sockets;
}

void listeners_announce(struct supervised *service)
{
	char workers[WORKERS_TEXT_SIZE];

	for (size_t i = 0; i < service->listener_count; i++) {
		bool is_known = service->origins[i].announced || listeners_is_sibling(service, i);

		service->origins[i].announced = true;
		if (is_known)
			continue;
		report_line("%s %s (%s, %s, %s)",
			service->listeners[i].connected ? "serving a client of" : "listening on",
			service->listeners[i].url,
			service->config->label ? service->config->label : service->effective.name,
			engine_model_name(service->effective.model), worker_text(&service->effective, workers));
	}
}

/* The same socket in the generation that is on its way into office, or NULL. */
static struct supervised_origin *find_heir(const struct supervised *service, const struct supervised_origin *origin)
{
	struct generation *heir = service->supervisor->reload.heir;

	for (size_t i = 0; heir && i < heir->service_count; i++)
		for (size_t k = 0; k < heir->services[i].listener_count; k++)
			if (heir->services[i].origins[k].from == origin)
				return &heir->services[i].origins[k];
	return NULL;
}

/* Whoever closes it last removes the path: a coming generation, if the one in office is told to drain meanwhile. */
static bool is_last(const struct supervised *service, const struct supervised_origin *origin)
{
	struct supervised_origin *heir = find_heir(service, origin);

	if (heir)
		heir->orphaned = true;
	return !heir && !origin->passed_on && (!origin->from || origin->orphaned);
}

static void close_all(struct supervised *service, bool but_given)
{
	for (size_t i = 0; i < service->listener_count; i++) {
		struct supervised_origin *origin = &service->origins[i];
		struct listener *listener = &service->listeners[i];
		bool ours_alone;

		if (but_given && listener->shared)
			continue;
		ours_alone = is_last(service, origin);
		open_close(listener, ours_alone);
		/* Another generation answers for the path from now on, whoever asks us again. */
		if (!ours_alone)
			listener->path[0] = '\0';
	}
}

void listeners_close(struct supervised *service)
{
	close_all(service, false);
}

void listeners_close_own(struct supervised *service)
{
	close_all(service, true);
}

void listeners_let_go_of_connected(struct supervised *service)
{
	for (size_t i = 0; i < service->listener_count; i++)
		if (service->listeners[i].connected)
			open_close(&service->listeners[i], false);
}

bool listeners_have(const struct supervised *service, const char *url)
{
	for (size_t i = 0; i < service->listener_count; i++)
		if (service->listeners[i].fd >= 0 && strcmp(service->listeners[i].url, url) == 0)
			return true;
	return false;
}

bool listeners_left(const struct supervised *service)
{
	for (size_t i = 0; i < service->listener_count; i++)
		if (service->listeners[i].fd >= 0)
			return true;
	return false;
}
