/* SPDX-License-Identifier: MIT */
/*
 * Decides which URLs are opened, and with which exit status we end when one cannot be. Called before anything is
 * forked: a service that cannot have its address starts nothing.
 */
#include "supervise/listeners.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "core/engine.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "transport/open.h"

#define URL_SIZE       512
#define URL_SEPARATORS " \t\n"

/* A socket file is a file like the pid file and the log: whatever is in its way, it cannot be created. */
static int exit_status_of(const struct supervised *service, const char *url, int error)
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
		return service->config->config_at ? EX_CONFIG : EX_USAGE;
	default:
		return file ? EX_CANTCREAT : EX_OSERR;
	}
}

/* at: where the URL was written, or NULL. */
static int open_url(struct supervised *service, const char *url, const char *at)
{
	struct open_options options = { .backlog = service->effective.backlog };
	struct supervise_service *config = service->config;
	struct sentence why = { "" };
	size_t count;
	int r;

	r = open_listeners(url, &options, service->listeners + service->listener_count,
		ENGINE_LISTENERS - service->listener_count, &count, &why);
	if (r == 0) {
		service->listener_count += count;
		return 0;
	}
	if (r == -EADDRINUSE && config->spare_busy) {
		report_line("brood: %s; %s goes on without it", why.text, service->effective.name);
		return 0;
	}
	r = exit_status_of(service, url, r);
	report_fatal(service->supervisor, r, "%s%s%s", at ? at : "", at ? ": " : "", why.text);
	return r;
}

int listeners_open(struct supervised *service)
{
	const struct supervise_service *config = service->config;
	const char *next = service->effective.listen ? service->effective.listen : "";
	char url[URL_SIZE];
	size_t size, i = 0;
	int r;

	for (next += strspn(next, URL_SEPARATORS); *next; next += size + strspn(next + size, URL_SEPARATORS)) {
		size = strcspn(next, URL_SEPARATORS);
		if (size >= sizeof url) {
			report_fatal(service->supervisor, EX_USAGE,
				"service %s: a listen URL is longer than %d bytes", service->effective.name,
				URL_SIZE - 1);
			return EX_USAGE;
		}
		memcpy(url, next, size);
		url[size] = '\0';
		r = open_url(service, url, config->listen_at ? config->listen_at[i++] : config->config_at);
		if (r != 0)
			return r;
	}
	if (service->listener_count == 0 && !config->spare_busy) {
		report_fatal(
			service->supervisor, EX_USAGE, "service %s has nowhere to listen", service->effective.name);
		return EX_USAGE;
	}
	return 0;
}

static int worker_count(const struct brood_service *service)
{
	return service->model == BROOD_THREAD ? service->threads : service->workers;
}

void listeners_announce(const struct supervised *service)
{
	int workers = worker_count(&service->effective);

	for (size_t i = 0; i < service->listener_count; i++)
		report_line("listening on %s (%s, %s, %d %s%s)", service->listeners[i].url,
			service->config->label ? service->config->label : service->effective.name,
			engine_model_name(service->effective.model), workers,
			service->effective.model == BROOD_THREAD ? "thread" : "worker", workers == 1 ? "" : "s");
}

void listeners_close(struct supervised *service)
{
	for (size_t i = 0; i < service->listener_count; i++)
		open_close(&service->listeners[i], true);
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
