/* SPDX-License-Identifier: MIT */
/*
 * Decides which options only a service that speaks HTTP can honour, and which listeners only one that does not.
 * Called by finish.c, and for a handler.so by enter.c.
 */
#include "cli/http_options.h"

#include <string.h>

#include "cli/plan.h"
#include "protocol/url.h"

static const char *const names[] = { "head-timeout", "max-body", "access-log", "access-log-file", "permit-bare-lf",
	"permit-obsolete-fold", "permit-blank-before-colon" };

#define NAMES (sizeof names / sizeof *names)

bool http_options_has(const struct option *option)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(names[i], option->name) == 0)
			return true;
	return false;
}

static int refuse(const struct option *option, const struct given *given, const char *reason, struct sentence *why)
{
	char where[SETTINGS_WHERE_SIZE];

	return sentence_set(
		why, settings_status(given->origin), "%s: %s", settings_where(option, given->origin, where), reason);
}

static int check_names(const struct plan_service *service, struct sentence *why)
{
	struct sentence reason;

	sentence_set(&reason, 0, "handler %.80s does not speak HTTP: leave it out", service->label);
	for (const struct option *option = options_table; option->name; option++)
		if (http_options_has(option) && settings_given(&service->settings, option->name))
			return refuse(option, settings_given(&service->settings, option->name), reason.text, why);
	return 0;
}

/* Requests and answers are a stream. */
static int check_listeners(const struct plan_service *service, struct sentence *why)
{
	const struct option *listen = options_find("listen");
	struct sentence reason;
	struct url url;

	for (const struct given *given = settings_given(&service->settings, "listen"); given; given = given->next) {
		if (url_parse(given->text, strlen(given->text), &url, NULL) < 0 ||
			(url.scheme != URL_UDP && url.scheme != URL_UNIXGRAM))
			continue;
		sentence_set(&reason, 0,
			"'%.200s' has no connections, and HTTP needs them: write tcp://HOST:PORT or unix:/PATH",
			given->text);
		return refuse(listen, given, reason.text, why);
	}
	return 0;
}

int http_options_check(const struct plan_service *service, struct sentence *why)
{
	if (!service->handler)
		return 0;
	return service->handler->http ? check_listeners(service, why) : check_names(service, why);
}
