/* SPDX-License-Identifier: MIT */
/* From a plan to the supervisor's terms: nothing is decided here any more. */
#include "cli/serve.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"
#include "cli/demo.h"
#include "cli/enter.h"
#include "observe/log.h"
#include "supervise/supervise.h"

/* Where an option was written, as sentences about its value begin; NULL: nowhere. */
static const char *place(const struct given *given, const char *name, struct keep *keep)
{
	char where[SETTINGS_WHERE_SIZE];

	return given ? keep_text(keep, settings_where(options_find(name), given->origin, where)) : NULL;
}

static const char *const *listen_places(const struct plan_service *service, struct keep *keep)
{
	const char **places = keep_alloc(keep, SETTINGS_REPEATS_MAX * sizeof *places), **next = places;

	for (const struct given *given = settings_given(&service->settings, "listen"); given; given = given->next)
		*next++ = place(given, "listen", keep);
	return next == places ? NULL : places;
}

static struct supervise_service translate(const struct plan *plan, struct plan_service *service)
{
	struct supervise_service result = {
		.service = service->settings.service,
		.spare_busy = plan->demo,
		.label = service->label,
	};

	result.service.listen = plan_listen(service, plan->keep);
	result.listen_at = listen_places(service, plan->keep);
	if (service->handler) {
		result.service.handler = *service->handler;
		result.service.app = service->app;
	}
	if (enter_needed(service)) {
		result.open = enter_service;
		result.open_arg = service;
	}
	if (service->origin.kind == ORIGIN_FILE)
		result.config_at = keep_printf(plan->keep, "%s:%u", service->origin.file, service->origin.line);
	return result;
}

static struct supervise_service *translate_all(const struct plan *plan)
{
	struct supervise_service *services = keep_alloc(plan->keep, plan->count * sizeof *services);

	for (size_t i = 0; i < plan->count; i++)
		services[i] = translate(plan, plan->service[i]);
	return services;
}

/* What is needed to read the configuration again. */
struct source {
	const struct args *args;
	const struct settings *first; /* what the supervisor was started with */
};

struct reading {
	struct supervise_load load;
	struct keep keep;
	struct plan plan;
};

static void release_reading(struct supervise_load *load)
{
	struct reading *reading = container_of(load, struct reading, load);

	keep_fini(&reading->keep);
	free(reading);
}

/* The supervisor holds these open: another one is another start. */
static const char *list_unapplied(const struct settings *first, const struct settings *now, struct keep *keep)
{
	const struct {
		const char *name, *before, *after;
	} fixed[] = {
		{ "log-file", first->log_file, now->log_file },
		{ "pid-file", first->pid_file, now->pid_file },
		{ "control", first->control, now->control },
		{ "status-listen", first->status_listen, now->status_listen },
	};
	const char *names = "";

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (strcmp(fixed[i].before ? fixed[i].before : "", fixed[i].after ? fixed[i].after : "") != 0)
			names = keep_printf(keep, "%s%s%s", names, *names ? ", " : "", fixed[i].name);
	return *names ? keep_printf(keep, "%s: not before a restart", names) : NULL;
}

static int read_again(void *arg, struct supervise_load **ret_load, struct sentence *why)
{
	const struct source *source = arg;
	struct reading *reading = calloc(1, sizeof *reading);
	const struct settings *settings;
	int status;

	if (!reading)
		return sentence_set(why, EX_OSERR, "no memory for the configuration");
	status = plan_make(source->args, &reading->keep, &reading->plan, why);
	if (status != 0) {
		release_reading(&reading->load);
		return status;
	}
	settings = &reading->plan.settings;
	reading->load = (struct supervise_load){
		.services = translate_all(&reading->plan),
		.service_count = reading->plan.count,
		.log_level = settings->log_level,
		.log_format = settings->log_format,
		.source = reading->plan.source,
		.unapplied = list_unapplied(source->first, settings, &reading->keep),
		.release = release_reading,
	};
	*ret_load = &reading->load;
	return 0;
}

int serve_plan(struct plan *plan, const struct args *args, const struct takeover *takeover, struct sentence *why)
{
	const struct settings *settings = &plan->settings;
	struct source source = { .args = args, .first = settings };
	const char *log_at = place(settings_given(settings, "log-file"), "log-file", plan->keep);
	struct supervise_service *services = translate_all(plan);
	struct sentence reason;
	struct log log;
	struct supervise_config config = {
		.services = services,
		.service_count = plan->count,
		.log = &log,
		.pid_file = settings->pid_file,
		.pid_file_at = place(settings_given(settings, "pid-file"), "pid-file", plan->keep),
		.control = settings->control,
		.control_at = place(settings_given(settings, "control"), "control", plan->keep),
		.status_listen = settings->status_listen,
		.status_listen_at = place(settings_given(settings, "status-listen"), "status-listen", plan->keep),
		.has_config_file = plan->config != NULL,
		.reload = plan->config ? read_again : NULL,
		.reload_arg = &source,
		.argv = args->inetd ? NULL : takeover->argv,
		.source = plan->source,
		.legacy = takeover->legacy,
		.ready = plan->demo ? demo_ready : NULL,
	};
	int status;

	if (args->inetd)
		services->listen_at = NULL; /* nobody wrote that URL */
	log_init(&log);
	log.max = (enum brood_level)settings->log_level;
	log.format = (enum log_format)settings->log_format;
	if (log_open(&log, settings->log_file, &reason) < 0) {
		sentence_set(why, 0, "%s%s%s", log_at ? log_at : "", log_at ? ": " : "", reason.text);
		return takeover_return(takeover, EX_CANTCREAT, why);
	}
	status = supervise_run(&config);
	log_fini(&log);
	return status;
}
