/* SPDX-License-Identifier: MIT */
#include "core/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/crowd.h"
#include "core/dead.h"
#include "core/end.h"
#include "core/engine_private.h"
#include "core/inherit.h"
#include "core/life.h"
#include "core/lines.h"
#include "core/standing_host.h"

static int host_worker_start(struct service *service)
{
	const struct brood_handler *handler = &service->config.handler;

	return handler->start ? handler->start(service->app) : 0;
}

static void host_worker_stop(struct service *service)
{
	const struct brood_handler *handler = &service->config.handler;

	if (handler->stop)
		handler->stop(service->app);
}

static void host_give_up(struct service *service, const char *why)
{
	struct brood *engine = service->engine;

	if (engine->gave_up)
		return;
	engine->gave_up = true;
	engine->failure = sentence_set(&engine->why, -ETIMEDOUT, "service %s: %s", service->config.name, why);
	engine_log(engine, BROOD_ERROR, "%s: %s; this process ends and is to be replaced", service->config.name, why);
	engine_drain(engine);
}

BROOD_PRINTF(4, 5)
static void host_log(struct service *service, enum brood_level level, enum host_cause cause, const char *format, ...)
{
	struct log *log = service->engine->log;
	struct log_field again = LOG_UINT("again", 0);
	char text[SENTENCE_SIZE];
	uint64_t unsaid = 0;
	va_list args;

	if (level > log->max || (cause != CAUSE_NONE && !rarely_may(&service->ledger->cause[cause], &unsaid)))
		return;
	lines_flush(service);
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	again.u = unsaid;
	log_write(log, &(struct log_record){
			       .level = level,
			       .service = service->config.name,
			       .message = text,
			       .fields = &again,
			       .field_count = unsaid > 0,
		       });
}

const struct brood_host_ops host_ops = {
	.worker_start = host_worker_start,
	.worker_stop = host_worker_stop,
	.enter_child = inherit_enter_child,
	.serve = life_serve,
	.serve_some = life_serve_some,
	.waits_for_client = life_waits_for_client,
	.answered = life_answered,
	.is_stray = crowd_is_stray,
	.is_shared = crowd_is_shared,
	.ended = end_connection,
	.written_off = end_written_off,
	.expire = end_expire,
	.died = dead_worker,
	.give_up = host_give_up,
	.standing = &standing_host_ops,
	.log = host_log,
};
