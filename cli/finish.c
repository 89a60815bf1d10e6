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
#include "cli/plan.h"
#include "cli/rights.h"
#include "cli/sense.h"
#include "cli/verdict.h"
#include "core/engine.h"
#include "protocol/words.h"

/* "brood.ini:3: [service calc]" */
static const char *section(const struct plan_service *service, char text[SETTINGS_WHERE_SIZE])
{
	snprintf(text, SETTINGS_WHERE_SIZE, "%s:%u: [service %s]", service->origin.file, service->origin.line,
		service->settings.service.name);
	return text;
}

/* The value of `handler` is a command, by the quoting of shells: later handlers take further words. */
static int split_handler(const char *text, struct keep *keep, const char **ret_label, struct sentence *why)
{
	struct words words = { .count = 0 };

	if (words_split(text, strlen(text), &words, why) < 0)
		return EX_CONFIG;
	if (words.count > 1 && (handlers_find(words.word[0]) || handlers_is_plugin(words.word[0])))
		return sentence_set(
			why, EX_CONFIG, "%s takes no further words; what is '%.60s'?", words.word[0], words.word[1]);
	*ret_label = keep_text(keep, words.count > 0 ? words.word[0] : "");
	return 0;
}

static int find_labelled(struct plan_service *service, struct keep *keep, struct sentence *why)
{
	service->handler = handlers_find(service->label);
	if (service->handler)
		return 0;
	if (handlers_is_plugin(service->label))
		return plugin_locate(service->label, keep, &service->plugin, why);
	handlers_refuse(service->label, why);
	return EX_USAGE;
}

static int find_handler(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, "handler");
	char where[SETTINGS_WHERE_SIZE];
	struct sentence reason;
	int status = 0;

	if (!service->settings.handler)
		return sentence_set(why, EX_CONFIG, "%s has no handler: write 'handler = echo', calc or ./handler.so",
			section(service, where));
	service->label = service->settings.handler;
	if (!given)
		return find_labelled(service, plan->keep, why);

	status = split_handler(service->settings.handler, plan->keep, &service->label, &reason);
	if (status == 0)
		status = find_labelled(service, plan->keep, &reason);
	if (status != 0)
		sentence_set(why, status, "%s: %s", settings_where(options_find("handler"), given->origin, where),
			reason.text);
	return status == EX_USAGE ? EX_CONFIG : status;
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

	if (strcmp(option->name, "workers") == 0)
		return !breathes;
	if (strncmp(option->name, "workers-", strlen("workers-")) == 0)
		return breathes;
	for (size_t i = 0; i < SPECIAL; i++)
		if (strcmp(special[i].name, option->name) == 0)
			return special[i].models & OF(settings->service.model);
	return true;
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
	return 0;
}

static int check_listen(const struct plan_service *service, struct sentence *why)
{
	char where[SETTINGS_WHERE_SIZE];

	if (settings_given(&service->settings, "listen") || (service->handler && service->handler->demo_listen))
		return 0;
	if (service->origin.kind == ORIGIN_FILE)
		return sentence_set(why, EX_CONFIG, "%s has no listener: write 'listen = tcp://127.0.0.1:PORT'",
			section(service, where));
	return sentence_set(why, EX_USAGE,
		"handler %s has no port of its own: say where, as in: --listen tcp://127.0.0.1:8000", service->label);
}

int finish_service(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	int status = find_handler(plan, service, why);

	if (status == 0)
		status = check_model(service, why);
	if (status == 0)
		status = sense_check(service, plan->keep, why);
	if (status == 0)
		status = verdict_check(service, why);
	if (status == 0)
		status = check_listen(service, why);
	if (status == 0)
		status = rights_finish(plan, service, why);
	if (status == 0 && service->handler)
		status = own_settle(service->own, service->handler, service->label, plan->keep, &service->app, why);
	return status;
}
