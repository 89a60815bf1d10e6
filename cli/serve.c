/* SPDX-License-Identifier: MIT */
/* From a plan to the supervisor's terms: nothing is decided here any more. */
#include "cli/serve.h"

#include <sysexits.h>

#include "cli/demo.h"
#include "cli/enter.h"
#include "observe/log.h"
#include "supervise/supervise.h"

static struct supervise_service translate(const struct plan *plan, struct plan_service *service)
{
	struct supervise_service result = {
		.service = service->settings.service,
		.spare_busy = plan->demo,
		.label = service->label,
	};

	result.service.listen = plan_listen(service, plan->keep);
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
	struct log log;
	struct supervise_config config = {
		.services = services,
		.service_count = plan->count,
		.log = &log,
		.pid_file = plan->settings.pid_file,
		.has_config_file = plan->config != NULL,
		.ready = plan->demo ? demo_ready : NULL,
	};
	int status;

	for (size_t i = 0; i < plan->count; i++)
		services[i] = translate(plan, plan->service[i]);
	log_init(&log);
	log.max = (enum brood_level)plan->settings.log_level;
	log.format = (enum log_format)plan->settings.log_format;
	if (log_open(&log, plan->settings.log_file, why) < 0)
		return EX_CANTCREAT;
	status = supervise_run(&config);
	log_fini(&log);
	return status;
}
