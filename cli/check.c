/* SPDX-License-Identifier: MIT */
/*
 * `brood check`: everything `serve` would refuse before it opens its first socket, without opening one; a handler.so
 * is loaded, so that its options are checked, too. --print shows each value in effect and its source.
 */
#include "cli/check.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/enter.h"
#include "cli/finish.h"
#include "core/engine.h"

#define VALUE_WIDTH 40

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

static const char *show_number(int number, const char *unit, char text[32])
{
	if (number == BROOD_OFF)
		return "off";
	snprintf(text, 32, "%d%s", number, unit);
	return text;
}

/* A time in the largest unit that shows it exactly. */
static const char *show_ms(int ms, char text[32])
{
	if (ms == BROOD_OFF)
		return "off";
	if (ms % 3600000 == 0)
		snprintf(text, 32, "%dh", ms / 3600000);
	else if (ms % 60000 == 0)
		snprintf(text, 32, "%dm", ms / 60000);
	else if (ms % 1000 == 0)
		snprintf(text, 32, "%ds", ms / 1000);
	else
		snprintf(text, 32, "%dms", ms);
	return text;
}

/* The value in effect as one would write it; NULL: there is none. */
static const char *show(const struct settings *settings, const struct option *option, char text[32])
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
		for (const struct option_choice *choice = option->choices; choice->name; choice++)
			if (choice->value == number && !choice->later)
				return choice->name;
		return NULL;
	case OPTION_MS:
		return show_ms(number, text);
	case OPTION_MODE:
		snprintf(text, 32, "%04o", (unsigned int)number);
		return number < 0 ? NULL : text;
	case OPTION_NUMBER:
	case OPTION_SIZE:
		return show_number(number, "", text);
	case OPTION_KIB:
		return show_number(number, "K", text);
	case OPTION_RATE:
		return show_number(number, "/m", text);
	case OPTION_BYTES:
		return settings->given[options_row(option)] ? settings->given[options_row(option)]->text : NULL;
	case OPTION_SWITCH:
		return number == BROOD_OFF ? "off" : "on";
	case OPTION_FLAG:
	case OPTION_URL:
	case OPTION_PAIR:
		break;
	}
	return NULL;
}

static void print_settings(const struct settings *settings, enum option_scope scope)
{
	const struct origin none = { .kind = ORIGIN_DEFAULT };
	char text[32];

	for (const struct option *option = options_table; option->name; option++) {
		const struct given *given = settings->given[options_row(option)];
		const char *value;

		if (option->later || option->off_the_file || option->file_only || option->scope != scope)
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
	const char *url = service->handler->demo_listen;

	while (!settings_given(&service->settings, "listen") && *url) {
		size_t size = strcspn(url, " ");
		char text[256];

		snprintf(text, sizeof text, "%.*s", (int)size, url);
		print_line(options_find("listen"), text, (struct origin){ .kind = ORIGIN_DEFAULT });
		url += size + strspn(url + size, " ");
	}
}

static void print_service(const struct plan_service *service)
{
	const struct given *handler = settings_given(&service->settings, "handler");

	printf("\n[service %s]\n", service->settings.service.name);
	print_line(options_find("handler"), service->label, handler ? handler->origin : service->origin);
	for (const struct brood_option *own = service->handler->options; own && own->name; own++) {
		struct origin origin;
		const char *value = own_text(service->own, own, &origin);

		if (*value)
			print_line(&(struct option){ .name = own->name }, value, origin);
	}
	print_default_listen(service);
	print_settings(&service->settings, OPTION_OF_SERVICE);
}

/* Loads what is to be loaded, and lets the library have its say; defaults are filled in. */
static int complete(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	struct brood_service *settings = &service->settings.service;
	int status = service->handler ? 0 : enter_load(service, plan->keep, why);

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
