/* SPDX-License-Identifier: MIT */
/* What the kinds of show have in common: which services, and texts that others made. */
#include "supervise/control/show.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/sentence.h"
#include "observe/log_escape.h"
#include "protocol/nearest.h"
#include "supervise/supervisor.h"

/* Of all generations: what is retired still has clients. */
static struct supervised *service_at(const struct supervisor *supervisor, size_t number)
{
	struct supervised *service = generation_next(supervisor, NULL);

	while (service && number-- > 0)
		service = generation_next(supervisor, service);
	return service;
}

unsigned int show_generation(const struct supervised *service)
{
	return service->generation->number;
}

struct supervised *show_next_service(const struct show *show, size_t *at)
{
	struct supervised *service;

	while ((service = service_at(show->supervisor, *at))) {
		if (!show->only || strcmp(show->only, service->effective.name) == 0)
			return service;
		(*at)++;
	}
	return NULL;
}

const struct supervised *show_find_service(
	const struct supervisor *supervisor, const char *name, struct sentence *why)
{
	const struct supervised *service;
	struct nearest nearest;

	nearest_begin(&nearest, name);
	for (size_t i = 0; (service = service_at(supervisor, i)); i++) {
		if (strcmp(service->effective.name, name) == 0)
			return service;
		nearest_offer(&nearest, service->effective.name);
	}
	if (nearest_found(&nearest))
		sentence_set(why, -ENOENT, "there is no service '%.60s', did you mean '%s'?", name,
			nearest_found(&nearest));
	else
		sentence_set(
			why, -ENOENT, "there is no service '%.60s'; brood ctl status shows those there are", name);
	return NULL;
}

const char *show_state(const struct supervised *service)
{
	return service->lame ? "lame duck" : state_name(service->state);
}

int show_size(const struct supervised *service)
{
	if (service->workers)
		return service->workers; /* as it was resized to */
	return service->effective.model == BROOD_THREAD ? service->effective.threads : service->effective.workers;
}

int show_bound(const struct supervised *service)
{
	int size = show_size(service),
	    each = service->effective.model == BROOD_EVENT ? service->effective.max_conns : 1;

	return each > 1 && size > INT_MAX / each ? INT_MAX : size * each;
}

const char *show_cpu(int64_t cpu_ms, char text[HUMAN_SIZE])
{
	return cpu_ms > 0 ? human_duration(1000 * cpu_ms, text) : strcpy(text, "<10ms");
}

void show_foreign(struct buf *out, const char *text, size_t max)
{
	size_t capacity = out->capacity;

	if (capacity - out->size > max)
		out->capacity = out->size + max;
	log_escape(out, text, LOG_ESCAPE_MESSAGE);
	out->capacity = capacity;
}
