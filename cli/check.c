/* SPDX-License-Identifier: MIT */
/*
 * `brood check`: everything `serve` would refuse before it opens its first socket, without opening one; a handler.so
 * is loaded, so that its options are checked, too. --print shows each value in effect and its source.
 */
#include "cli/check.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "cli/enter.h"
#include "cli/finish.h"
#include "core/engine.h"
#include "protocol/escapes.h"
#include "protocol/words.h"

#define VALUE_WIDTH 40
#define SHOWN_SIZE  640 /* of what is no text that somebody wrote */

static void print_line(const struct option *option, const char *value, struct origin origin)
{
	char variable[OPTIONS_VARIABLE_SIZE], line[1024];

	snprintf(line, sizeof line, "%s = %s", option->name, value);
	printf("%-*s  (", VALUE_WIDTH, line);
	switch (origin.kind) {
	case ORIGIN_FILE:
		printf("%s:%u)\n", origin.file, origin.line);
		break;
	case ORIGIN_ENVIRONMENT:
		printf("environment %s)\n", options_variable(option, variable));
		break;
	case ORIGIN_COMMAND_LINE:
		puts("command line)");
		break;
	case ORIGIN_DEFAULT:
		puts("default)");
		break;
	}
}

static const char *show_number(int number, const char *unit, char text[SHOWN_SIZE])
{
	if (number == BROOD_OFF)
		return "off";
	snprintf(text, SHOWN_SIZE, "%d%s", number, unit);
	return text;
}

static const char *show_choice(const struct option *option, int number)
{
	for (const struct option_choice *choice = option->choices; choice->name; choice++)
		if (choice->value == number && !choice->later)
			return choice->name;
	return NULL;
}

/* A time in the largest unit that shows it exactly. */
static const char *show_ms(int ms, char text[SHOWN_SIZE])
{
	if (ms == BROOD_OFF)
		return "off";
	if (ms % 3600000 == 0)
		snprintf(text, SHOWN_SIZE, "%dh", ms / 3600000);
	else if (ms % 60000 == 0)
		snprintf(text, SHOWN_SIZE, "%dm", ms / 60000);
	else if (ms % 1000 == 0)
		snprintf(text, SHOWN_SIZE, "%ds", ms / 1000);
	else
		snprintf(text, SHOWN_SIZE, "%dms", ms);
	return text;
}

/* As it was written, or what the library has for it. */
static const char *show_bytes(const struct settings *settings, const struct option *option, char text[SHOWN_SIZE])
{
	const char *field = (const char *)settings + option->offset;
	const void *data;
	struct buf buf;
	size_t size;

	if (settings->given[options_row(option)])
		return settings->given[options_row(option)]->text;
	memcpy(&data, field, sizeof data);
	memcpy(&size, field + sizeof data, sizeof size);
	buf_init(&buf, text, SHOWN_SIZE);
	escapes_encode(&buf, data, size);
	return size > 0 ? text : NULL;
}

/* The value in effect as one would write it; NULL: there is none. */
static const char *show(const struct settings *settings, const struct option *option, char text[SHOWN_SIZE])
{
	const char *field = (const char *)settings + option->offset;
	const char *string;
	int number;

	memcpy(&number, field, sizeof number);
	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_STREAM:
	case OPTION_NAME:
		memcpy(&string, field, sizeof string);
		return string;
	case OPTION_CHOICE:
		return show_choice(option, number);
	case OPTION_MS:
		return show_ms(number, text);
	case OPTION_MODE:
		snprintf(text, SHOWN_SIZE, "%04o", (unsigned int)number);
		return number < 0 ? NULL : text;
	case OPTION_NUMBER:
	case OPTION_SIZE:
		return show_number(number, "", text);
	case OPTION_KIB:
		return show_number(number, "K", text);
	case OPTION_RATE:
		return show_number(number, "/m", text);
	case OPTION_WORD:
		memcpy(&string, field, sizeof string);
		return string ? string : "off";
	case OPTION_BYTES:
		return show_bytes(settings, option, text);
	case OPTION_SWITCH:
		return number == BROOD_OFF ? "off" : "on";
	case OPTION_FLAG:
	case OPTION_URL:
	case OPTION_PAIR:
	case OPTION_ROUTE:
		break;
	}
	return NULL;
}

static void print_settings(const struct settings *settings, enum option_scope scope)
{
	const struct origin none = { .kind = ORIGIN_DEFAULT };
	char text[SHOWN_SIZE];

	for (const struct option *option = options_table; option->name; option++) {
		const struct given *given = settings->given[options_row(option)];
		const char *value;

		if (option->off_the_file || option->file_only || option->scope != scope)
			continue;
		if (scope == OPTION_OF_SERVICE && !finish_in_effect(settings, option))
			continue;
		if (option->repeats) {
			for (; given; given = given->next)
				print_line(option, given->text, given->origin);
			continue;
		}
		value = show(settings, option, text);
		if (value)
			print_line(option, value, given ? given->origin : none);
	}
}

static void print_default_listen(const struct plan_service *service)
{
	const char *url = plan_default_listen(service);

	while (!settings_given(&service->settings, "listen") && *url) {
		size_t size = strcspn(url, " ");
		char text[256];

		snprintf(text, sizeof text, "%.*s", (int)size, url);
		print_line(options_find("listen"), text, (struct origin){ .kind = ORIGIN_DEFAULT });
		url += size + strspn(url + size, " ");
	}
}

/* Without words the label is enough; with them it is a command, written by the quoting of shells. */
static void print_handler(const struct mount *mount)
{
	char text[512];
	struct buf line;

	buf_init(&line, text, sizeof text);
	words_quote(&line, mount->label);
	for (const struct own *own = mount->own; own; own = own->next)
		if (!own->name) {
			buf_putc(&line, ' ');
			words_quote(&line, own->value);
		}
	print_line(options_find("handler"), text, mount->origin);
	for (const struct brood_option *own = mount->handler->options; own && own->name; own++) {
		struct origin origin;
		const char *value = own->kind == BROOD_OPTION_WORD ? "" : own_text(mount->own, own, &origin);

		if (*value)
			print_line(&(struct option){ .name = own->name }, value, origin);
	}
}

static void print_service(const struct plan_service *service)
{
	printf("\n[service %s]\n", service->settings.service.name);
	if (!service->mounts->route)
		print_handler(service->mounts);
	print_default_listen(service);
	print_settings(&service->settings, OPTION_OF_SERVICE);
}

/* Loads what is to be loaded, and lets the library have its say; defaults are filled in. */
static int complete(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	struct brood_service *settings = &service->settings.service;
	int status = mount_any_pending(service->mounts) ? enter_load(service, plan->keep, why) : 0;

	if (status != 0)
		return status;
	settings->handler = *service->handler;
	return engine_effective(settings, sizeof *settings, settings, why) < 0 ? EX_CONFIG : 0;
}

int check_plan(struct plan *plan, bool print, struct sentence *why)
{
	int status = 0;

	for (size_t i = 0; i < plan->count && status == 0; i++)
		status = complete(plan, plan->service[i], why);
	if (status != 0)
		return status;
	if (!print) {
		printf("%s: %zu service%s, no mistake found\n", plan->config ? plan->config : "command line",
			plan->count, plan->count == 1 ? "" : "s");
		return 0;
	}
	puts("[brood]");
	print_settings(&plan->settings, OPTION_OF_ALL);
	for (size_t i = 0; i < plan->count; i++)
		print_service(plan->service[i]);
	return 0;
}
