/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a service makes sense as a whole. Invariant: an option that the chosen model or handler cannot
 * honour is an error, never ignored. Called when all sources have spoken.
 */
#include "cli/finish.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/handlers.h"
#include "cli/http_options.h"
#include "cli/plan.h"
#include "cli/rights.h"
#include "cli/routes.h"
#include "cli/sense.h"
#include "cli/verdict.h"
#include "core/engine.h"
#include "protocol/url.h"
#include "protocol/words.h"

/* "brood.ini:3: [service calc]" */
static const char *section(const struct plan_service *service, char text[SETTINGS_WHERE_SIZE])
{
	snprintf(text, SETTINGS_WHERE_SIZE, "%s:%u: [service %s]", service->origin.file, service->origin.line,
		service->settings.service.name);
	return text;
}

static int refuse_nothing(const struct plan_service *service, struct sentence *why)
{
	char known[HANDLERS_KNOWN_SIZE], where[SETTINGS_WHERE_SIZE];

	return sentence_set(why, EX_CONFIG,
		"%s has no handler: write 'handler = echo', another of %s, or 'route = / hello'",
		section(service, where), handlers_known(false, known));
}

/* On the command line the words are words already. In a text they are a command, by the quoting of shells. */
static int find_only(struct plan *plan, struct plan_service *service, struct mount *mount, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, "handler");
	struct words *words = keep_alloc(plan->keep, sizeof *words); /* the mount borrows them */
	char where[SETTINGS_WHERE_SIZE];
	struct sentence reason;

	mount->own = service->own;
	mount->origin = given ? given->origin : service->origin;
	if (!given) {
		words->word[0] = keep_text(plan->keep, service->settings.handler);
		return mount_find(mount, words->word, plan->keep, why);
	}
	mount->at = keep_text(plan->keep, settings_where(options_find("handler"), given->origin, where));
	if (words_split(service->settings.handler, strlen(service->settings.handler), words, &reason) < 0)
		return mount_refuse(mount, 0, why, "%s", reason.text);
	return mount_find(mount, words->word, plan->keep, why);
}

static int find_handler(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	struct mount *mount;
	int status;

	if (settings_given(&service->settings, "route"))
		return routes_read(plan, service, why);
	if (!service->settings.handler)
		return refuse_nothing(service, why);
	mount = keep_alloc(plan->keep, sizeof *mount);
	status = find_only(plan, service, mount, why);
	service->mounts = mount;
	service->label = mount->label;
	service->handler = mount->handler;
	return status;
}

static int refuse_model(
	const struct plan_service *service, const char *name, const char *reason, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, name);
	char where[SETTINGS_WHERE_SIZE];

	return sentence_set(why, settings_status(given->origin), "%s: model %s %s",
		settings_where(options_find(name), given->origin, where),
		engine_model_name(service->settings.service.model), reason);
}

#define OF(model) (1U << (model))

/* Options that not every model can honour, and what to do in the others. */
static const struct {
	const char *name;
	unsigned int models;
	const char *advice;
} special[] = {
	{ "threads", OF(BROOD_THREAD), "has no threads: leave it out, or choose model thread" },
	{ "max-conns", OF(BROOD_EVENT), "cannot honour it: leave it out, or choose model event" },
	{ "workers-min", OF(BROOD_PREFORK), "cannot honour it: leave it out, or choose model prefork" },
	{ "workers-max", OF(BROOD_PREFORK), "cannot honour it: leave it out, or choose model prefork" },
	{ "workers-spare", OF(BROOD_PREFORK), "cannot honour it: leave it out, or choose model prefork" },
	{ "fresh", OF(BROOD_PREFORK), "cannot honour it: leave it out, or choose model prefork" },
	{ "max-requests", OF(BROOD_PREFORK) | OF(BROOD_EVENT),
		"cannot honour it: leave it out, or choose model prefork or event" },
	{ "recycle-memory", OF(BROOD_PREFORK) | OF(BROOD_EVENT),
		"cannot honour it: leave it out, or choose model prefork or event" },
	{ "max-memory", OF(BROOD_FORK) | OF(BROOD_PREFORK) | OF(BROOD_EVENT),
		"has no processes to bound: choose model fork, prefork or event" },
};

#define SPECIAL (sizeof special / sizeof *special)

bool finish_in_effect(const struct settings *settings, const struct option *option)
{
	bool breathes = settings_given(settings, "workers-max");

	if (http_options_has(option))
		return settings->service.handler.http != NULL;
	if (strcmp(option->name, "workers") == 0)
		return !breathes;
	if (strncmp(option->name, "workers-", strlen("workers-")) == 0)
		return breathes;
	for (size_t i = 0; i < SPECIAL; i++)
		if (strcmp(special[i].name, option->name) == 0)
			return special[i].models & OF(settings->service.model);
	return true;
}

static int check_urls(const struct plan_service *service, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, "listen");
	enum brood_model model = service->settings.service.model;
	char where[SETTINGS_WHERE_SIZE];
	struct url url;

	for (; given; given = given->next) {
		if (url_parse(given->text, strlen(given->text), &url, why) < 0)
			return EX_SOFTWARE; /* each was parsed before */
		if (model != BROOD_EVENT && url_setting(&url, "reuseport"))
			return sentence_set(why, settings_status(given->origin),
				"%s: model %s cannot honour reuseport: leave it out, or choose model event",
				settings_where(options_find("listen"), given->origin, where),
				engine_model_name(model));
	}
	return 0;
}

static int check_model(const struct plan_service *service, struct sentence *why)
{
	const struct brood_service *settings = &service->settings.service;

	for (size_t i = 0; i < SPECIAL; i++)
		if (!(special[i].models & OF(settings->model)) && settings_given(&service->settings, special[i].name))
			return refuse_model(service, special[i].name, special[i].advice, why);
	if (settings->model == BROOD_THREAD && settings->workers > 1)
		return refuse_model(
			service, "workers", "has one worker with many threads: write threads instead", why);
	if (settings->model == BROOD_ITERATIVE && settings->workers > 1)
		return refuse_model(service, "workers", "has one worker: leave it out, or choose model fork", why);
	return check_urls(service, why);
}

static int check_listen(const struct plan_service *service, struct sentence *why)
{
	char where[SETTINGS_WHERE_SIZE];

	if (settings_given(&service->settings, "listen") || plan_default_listen(service))
		return 0;
	if (service->origin.kind == ORIGIN_FILE)
		return sentence_set(why, EX_CONFIG, "%s has no listener: write 'listen = tcp://127.0.0.1:PORT'",
			section(service, where));
	return sentence_set(why, EX_USAGE,
		"handler %s has no port of its own: say where, as in: --listen tcp://127.0.0.1:8000", service->label);
}

static int settle(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	int status = 0;

	for (struct mount *mount = service->mounts; mount && status == 0; mount = mount->next)
		if (mount->handler)
			status = own_settle(mount, plan->keep, why);
	if (status == 0)
		finish_mount(service, plan->keep);
	return status;
}

void finish_mount(struct plan_service *service, struct keep *keep)
{
	if (mount_any_pending(service->mounts))
		return;
	if (service->mounts->route) {
		routes_mount(service, keep);
		return;
	}
	service->handler = service->mounts->handler;
	service->app = service->mounts->app;
}

int finish_service(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	int status = find_handler(plan, service, why);

	if (status == 0)
		status = check_model(service, why);
	if (status == 0)
		status = http_options_check(service, why);
	if (status == 0)
		status = sense_check(service, plan->keep, why);
	if (status == 0)
		status = verdict_check(service, plan->keep, why);
	if (status == 0)
		status = check_listen(service, why);
	if (status == 0)
		status = settle(plan, service, why);
	if (status == 0)
		status = rights_finish(plan, service, why);
	return status;
}
