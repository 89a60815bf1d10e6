/* SPDX-License-Identifier: MIT */
/* From a plan to the supervisor's terms: nothing is decided here any more. */
#include "cli/serve.h"

#include <sysexits.h>

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

int serve_plan(struct plan *plan, struct sentence *why)
{
	struct supervise_service *services = keep_alloc(plan->keep, plan->count * sizeof *services);
	const struct settings *settings = &plan->settings;
	const char *log_at = place(settings_given(settings, "log-file"), "log-file", plan->keep);
	struct sentence reason;
	struct log log;
	struct supervise_config config = {
		.services = services,
		.service_count = plan->count,
		.log = &log,
		.pid_file = settings->pid_file,
		.pid_file_at = place(settings_given(settings, "pid-file"), "pid-file", plan->keep),
		.has_config_file = plan->config != NULL,
		.ready = plan->demo ? demo_ready : NULL,
	};
	int status;

	for (size_t i = 0; i < plan->count; i++)
		services[i] = translate(plan, plan->service[i]);
	log_init(&log);
	log.max = (enum brood_level)settings->log_level;
	log.format = (enum log_format)settings->log_format;
	if (log_open(&log, settings->log_file, &reason) < 0)
		return sentence_set(
			why, EX_CANTCREAT, "%s%s%s", log_at ? log_at : "", log_at ? ": " : "", reason.text);
	status = supervise_run(&config);
	log_fini(&log);
	return status;
}
