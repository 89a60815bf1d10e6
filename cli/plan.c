/* SPDX-License-Identifier: MIT */
/*
 * Decides what is served: one service named on the command line, those of a file, or the demonstration set. Options
 * of a service in the environment or on the command line describe the one service named there; beside a file they
 * would be ambiguous, and are refused with the key to write instead.
 */
#include "cli/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/clash.h"
#include "cli/config_file.h"
#include "cli/demo.h"
#include "cli/finish.h"
#include "cli/routes.h"
#include "protocol/ini.h"

struct plan_service *plan_add(struct plan *plan, const char *name, struct origin origin)
{
	struct plan_service *service = keep_alloc(plan->keep, sizeof *service);

	settings_init(&service->settings);
	service->settings.service.name = name;
	service->origin = origin;
	plan->service[plan->count++] = service;
	return service;
}

const char *plan_default_listen(const struct plan_service *service)
{
	if (settings_given(&service->settings, "route"))
		return ROUTES_LISTEN;
	return service->handler ? service->handler->demo_listen : NULL;
}

const char *plan_listen(const struct plan_service *service, struct keep *keep)
{
	const struct given *given = settings_given(&service->settings, "listen");
	const char *urls = "";

	if (!given)
		return plan_default_listen(service);
	for (; given; given = given->next)
		urls = keep_printf(keep, "%s%s%s", urls, *urls ? " " : "", given->text);
	return urls;
}

/* Where an option of this scope goes; NULL: nowhere, there is no one service that it could mean. */
static struct settings *settings_for(struct plan *plan, const struct option *option)
{
	if (option->scope == OPTION_OF_ALL)
		return &plan->settings;
	return plan->config || plan->demo ? NULL : &plan->service[0]->settings;
}

static int refuse_homeless(const struct plan *plan, const struct option *option, struct origin origin,
	const char *text, struct sentence *why)
{
	char where[SETTINGS_WHERE_SIZE];

	settings_where(option, origin, where);
	if (!plan->config)
		return sentence_set(why, EX_USAGE,
			"%s describes a service: name its HANDLER, as in: brood serve --%s %.80s echo", where,
			option->name, text);
	if (option->off_the_file)
		return sentence_set(why, EX_USAGE,
			"%s cannot stand beside --config: the name is written in %s, as in [service NAME]", where,
			plan->config);
	return sentence_set(why, EX_USAGE,
		"%s cannot stand beside --config: write '%s = %.80s' into its [service NAME] in %s", where,
		option->name, text, plan->config);
}

static int set(
	struct plan *plan, const struct option *option, const char *text, struct origin origin, struct sentence *why)
{
	struct settings *settings = settings_for(plan, option);
	char where[SETTINGS_WHERE_SIZE];
	struct sentence reason;
	int status;

	if (!settings)
		return refuse_homeless(plan, option, origin, text, why);
	status = settings_set(settings, option, text, origin, plan->keep, &reason);
	if (status != 0)
		sentence_set(why, status, "%s: %s", settings_where(option, origin, where), reason.text);
	return status;
}

/* One variable may hold several URLs: there is only one variable. */
static int set_from_variable(struct plan *plan, const struct option *option, const char *value, struct sentence *why)
{
	struct origin origin = { .kind = ORIGIN_ENVIRONMENT };
	char *texts = keep_text(plan->keep, value), *rest = NULL;
	int status = 0;

	if (option->kind != OPTION_URL)
		return set(plan, option, texts, origin, why);
	for (char *url = strtok_r(texts, " ", &rest); url && status == 0; url = strtok_r(NULL, " ", &rest))
		status = set(plan, option, url, origin, why);
	return status;
}

/* An empty variable counts as none: that is how scripts unset one. */
static int read_environment(struct plan *plan, struct sentence *why)
{
	char name[OPTIONS_VARIABLE_SIZE];
	int status = 0;

	for (const struct option *option = options_table; option->name && status == 0; option++) {
		const char *value;

		if (option->scope == OPTION_OF_COMMAND || option->file_only)
			continue;
		value = getenv(options_variable(option, name));
		if (value && *value)
			status = set_from_variable(plan, option, value, why);
	}
	return status;
}

static int read_command_line(struct plan *plan, const struct args *args, struct sentence *why)
{
	struct origin origin = { .kind = ORIGIN_COMMAND_LINE };
	int status = 0;

	for (const struct arg *arg = args->given; arg && status == 0; arg = arg->next)
		status = set(plan, arg->option, arg->text, origin, why);
	return status;
}

/* "./dir/calc-server.so:x" → "calc-server": the handler's name, as far as it can be one. */
static const char *default_name(const char *handler, struct keep *keep)
{
	const char *slash = strrchr(handler, '/');
	char *name = keep_text(keep, slash ? slash + 1 : handler);
	char *end = strstr(name, ".so");

	if (end && slash)
		*end = '\0';
	return ini_is_name(name) ? name : "service";
}

static bool has_routes(const struct args *args)
{
	const struct option *route = options_find("route");
	char name[OPTIONS_VARIABLE_SIZE];
	const char *value = getenv(options_variable(route, name));

	return args_gives(args, route) || (value && *value);
}

static void add_named(struct plan *plan, const struct args *args)
{
	struct origin origin = { .kind = ORIGIN_COMMAND_LINE };
	const char *name = args->handler ? default_name(args->handler, plan->keep) : ROUTES_LABEL;
	struct plan_service *service = plan_add(plan, name, origin);

	service->settings.handler = args->handler;
	service->own = args->own;
}

static int check_words(const struct args *args, struct sentence *why)
{
	if (args->config && args->handler)
		return sentence_set(why, EX_USAGE,
			"'%.80s' cannot stand beside --config: write 'handler = %.80s' into a [service NAME] in %s",
			args->handler, args->handler, args->config);
	if (args->own && args->config)
		return sentence_set(why, EX_USAGE,
			"--%s cannot stand beside --config: write '%s = %s' into its [service NAME] in %s",
			args->own->name, args->own->name, args->own->value ? args->own->value : "yes", args->config);
	if (args->own && !args->handler && args_gives(args, options_find("route")))
		return sentence_set(why, EX_USAGE,
			"--%s belongs to a handler: write it behind that, within --route, as in: --route '/ hello "
			"--delay 1s'",
			args->own->name);
	if (args->own && !args->handler)
		return sentence_set(why, EX_USAGE, "--%s belongs to a handler: name it, as in: brood serve echo --%s",
			args->own->name, args->own->name);
	if (args->command && args->handler)
		return sentence_set(why, EX_USAGE, "handler %.80s takes no command behind --", args->handler);
	if (args->command)
		return sentence_set(why, EX_USAGE,
			"a command behind -- needs a HANDLER that runs it, and there is none in this version");
	return 0;
}

int plan_make(const struct args *args, struct keep *keep, struct plan *ret_plan, struct sentence *why)
{
	struct plan plan = { .keep = keep, .config = args->config };
	int status = check_words(args, why);

	plan.demo = !args->config && !args->handler && !has_routes(args);
	settings_init(&plan.settings);
	if (status == 0 && plan.config)
		status = config_file_load(&plan, plan.config, args->config_text, why);
	else if (status == 0 && plan.demo)
		demo_add(&plan);
	else if (status == 0)
		add_named(&plan, args);
	if (status == 0)
		status = read_environment(&plan, why);
	if (status == 0)
		status = read_command_line(&plan, args, why);
	for (size_t i = 0; i < plan.count && status == 0; i++)
		status = finish_service(&plan, plan.service[i], why);
	if (status == 0)
		status = clash_check(&plan, why);
	if (status == 0)
		*ret_plan = plan;
	return status;
}
