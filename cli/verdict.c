/* SPDX-License-Identifier: MIT */
/*
 * Decides how a sentence of the library's about a service is told to who wrote an option: `service calc:
 * max_clients is 50, but …` becomes `brood.ini:7: max-clients: it is 50, but …`. The library names its fields; an
 * option has the same name with dashes, and without a unit. Called by finish.c, before a process is started for
 * nothing.
 */
#include "cli/verdict.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "core/engine.h"

#define FIELD_LETTERS "abcdefghijklmnopqrstuvwxyz_0123456789"

/* Of a field, `max_memory_kib`; NULL: there is none. */
static const struct option *option_of(const char *field, size_t size)
{
	static const char *const units[] = { "", "_ms", "_kib", "_per_min" };
	char name[OPTIONS_VARIABLE_SIZE];

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t unit = strlen(units[i]), rest = size - unit;
		const struct option *option;

		if (unit >= size || rest >= sizeof name || memcmp(field + rest, units[i], unit) != 0)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)rest, field);
		for (char *at = name; (at = strchr(at, '_')); at++)
			*at = '-';
		option = options_find(name);
		if (option && option->scope == OPTION_OF_SERVICE)
			return option;
	}
	return NULL;
}

/* Words that are fields are written as options; the first of them that somebody gave is *ret_about. */
static void rename_fields(
	const struct settings *settings, const char *text, struct buf *renamed, const struct option **ret_about)
{
	*ret_about = NULL;
	while (*text) {
		size_t size = strspn(text, FIELD_LETTERS);
		const struct option *option = size > 0 ? option_of(text, size) : NULL;

		if (size == 0)
			size = 1;
		/* `allow` and `model` are words as well. Only at the beginning they are certainly fields. */
		if (option && renamed->size > 0 && !memchr(text, '_', size))
			option = NULL;
		if (option)
			buf_puts(renamed, option->name);
		else
			buf_put(renamed, text, size);
		if (option && !*ret_about && settings_given(settings, option->name))
			*ret_about = option;
		text += size;
	}
}

/* The place names the option: in `allow: 'x' is no address` it needs no second name, in `allow is …` it is "it". */
static const char *behind_name(const char *text, const struct option *about, const char **ret_it)
{
	size_t size = strlen(about->name);

	*ret_it = "";
	if (strncmp(text, about->name, size) != 0)
		return text;
	if (strncmp(text + size, ": ", 2) == 0)
		return text + size + 2;
	if (strncmp(text + size, " without ", 9) == 0)
		return text + size + 1;
	if (strncmp(text + size, " is ", 4) != 0 && strncmp(text + size, " says ", 6) != 0)
		return text;
	*ret_it = "it";
	return text + size;
}

static int tell(const struct plan_service *service, const char *text, struct sentence *why)
{
	char memory[SENTENCE_SIZE], where[SETTINGS_WHERE_SIZE];
	const struct option *about;
	struct origin origin;
	struct buf renamed;
	const char *it;

	buf_init(&renamed, memory, sizeof memory);
	rename_fields(&service->settings, text, &renamed, &about);
	if (!about && service->origin.kind == ORIGIN_FILE)
		return sentence_set(why, EX_CONFIG, "%s:%u: [service %s]: %s", service->origin.file,
			service->origin.line, service->settings.service.name, renamed.data);
	if (!about)
		return sentence_set(why, EX_USAGE, "service %s: %s", service->settings.service.name, renamed.data);
	origin = settings_given(&service->settings, about->name)->origin;
	text = behind_name(renamed.data, about, &it);
	return sentence_set(why, settings_status(origin), "%s: %s%s", settings_where(about, origin, where), it, text);
}

static int serve_nobody(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	return 0;
}

static int answer_nobody(struct brood_http *http, void *app)
{
	(void)http;
	(void)app;
	return 0;
}

int verdict_check(const struct plan_service *service, struct keep *keep, struct sentence *why)
{
	struct brood_service effective = service->settings.service;
	char prefix[SENTENCE_SIZE];
	struct sentence said;
	size_t size;

	if (settings_given(&service->settings, "listen"))
		effective.listen = plan_listen(service, keep);
	/* A handler.so is not loaded yet, and nobody was asked about a handler. Whether it speaks HTTP will be seen: until
	 * then it gets the benefit of the doubt, both ways. */
	effective.handler = (struct brood_handler){ .handle = serve_nobody };
	if (service->handler ? service->handler->http != NULL : effective.access_log != NULL)
		effective.handler.http = answer_nobody;
	if (engine_effective(&effective, sizeof effective, &effective, &said) == 0)
		return 0;
	size = (size_t)snprintf(prefix, sizeof prefix, "service %s: ", effective.name);
	return tell(service, said.text + (strncmp(said.text, prefix, size) == 0 ? size : 0), why);
}
