/* SPDX-License-Identifier: MIT */
/* Invariant: a configuration lives as long as a process of it: until then its names and settings are borrowed. */
#include "supervise/generation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine.h"
#include "observe/log.h"
#include "supervise/access_logs.h"
#include "supervise/confine.h"
#include "supervise/listeners.h"
#include "supervise/supervisor.h"

/* A handler that only its service process finds (`open`) is no reason to refuse the rest of the service now. */
static int found_later(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	return -ENOSYS;
}

static int request_found_later(struct brood_http *http, void *app)
{
	(void)http;
	(void)app;
	return -ENOSYS;
}

static int find_effective(
	const struct supervise_service *config, struct brood_service *ret_effective, struct sentence *why)
{
	struct brood_service declared = config->service;
	struct sentence reason;

	if (config->open && !declared.handler.handle) {
		declared.handler.handle = found_later;
		if (declared.access_log)
			declared.handler.http = request_found_later;
	}
	if (engine_effective(&declared, sizeof declared, ret_effective, &reason) == 0 &&
		confine_check(ret_effective, &reason) == 0)
		return 0;
	return sentence_set(why, -EINVAL, "%s%s%s", config->config_at ? config->config_at : "",
		config->config_at ? ": " : "", reason.text);
}

static int init_service(struct generation *generation, struct supervised *service, struct supervise_service *config,
	struct sentence *why)
{
	struct supervisor *supervisor = generation->supervisor;

	*service = (struct supervised){
		.supervisor = supervisor,
		.generation = generation,
		.config = config,
		.child.pidfd = -1,
		.board.fd = -1,
		.foreign.board.fd = -1,
		.channel_source.fd = -1,
	};
	list_init(&service->resizing);
	log_init(&service->access_log);
	if (find_effective(config, &service->effective, why) < 0)
		return -EINVAL;
	/* Room in the heap of timers for each of them: no arming ever fails later. */
	if (loop_arm(&supervisor->loop, &service->timer, INT64_MAX) < 0)
		return sentence_set(why, -ENOMEM, "no memory for the services");
	return 0;
}

int generation_new(struct supervisor *supervisor, struct supervise_service *configs, size_t count,
	struct generation **ret_generation, struct sentence *why)
{
	struct generation *generation = malloc(sizeof *generation);
	struct supervised *services = calloc(count, sizeof *services);
	int r = 0;

	if (!generation || !services) {
		free(generation);
		free(services);
		return sentence_set(why, -ENOMEM, "no memory for the services");
	}
	*generation = (struct generation){
		.supervisor = supervisor,
		.number = ++supervisor->loads,
		.services = services,
	};
	list_append(&supervisor->generations, &generation->link);
	for (size_t i = 0; i < count && r == 0; i++) {
		r = init_service(generation, &services[i], &configs[i], why);
		if (r == 0)
			generation->service_count++;
	}
	if (r < 0)
		generation_free(generation);
	else
		*ret_generation = generation;
	return r;
}

void generation_free(struct generation *generation)
{
	for (size_t i = 0; i < generation->service_count; i++) {
		loop_disarm(&generation->supervisor->loop, &generation->services[i].timer);
		listeners_close(&generation->services[i]);
		access_logs_close(&generation->services[i]);
	}
	list_remove(&generation->link);
	if (generation->load)
		generation->load->release(generation->load);
	free(generation->services);
	free(generation);
}

void generation_take_office(struct generation *generation)
{
	struct supervisor *supervisor = generation->supervisor;

	if (supervisor->generation)
		supervisor->generation->role = GENERATION_RETIRED;
	generation->role = GENERATION_IN_OFFICE;
	supervisor->generation = generation;
	supervisor->services = generation->services;
	supervisor->service_count = generation->service_count;
}

void generation_apply(const struct generation *generation)
{
	struct log *log = generation->supervisor->config->log;

	if (!generation->load)
		return;
	log->max = (enum brood_level)generation->load->log_level;
	log->format = (enum log_format)generation->load->log_format;
}

bool generation_is_over(const struct generation *generation)
{
	for (size_t i = 0; i < generation->service_count; i++)
		if (!state_is_final(generation->services[i].state))
			return false;
	return true;
}

static bool is_through(const struct generation *generation)
{
	return generation->role == GENERATION_RETIRED && generation_is_over(generation);
}

void generation_free_retired(struct supervisor *supervisor)
{
	list_each(pos, next, &supervisor->generations) {
		struct generation *generation = container_of(pos, struct generation, link);

		if (!is_through(generation))
			continue;
		for (size_t i = 0; i < generation->service_count; i++)
			totals_bequeath(&generation->services[i]);
		generation_free(generation);
	}
}

struct supervised *generation_find(const struct supervisor *supervisor, const char *name)
{
	for (size_t i = 0; i < supervisor->service_count; i++)
		if (strcmp(supervisor->services[i].effective.name, name) == 0)
			return &supervisor->services[i];
	return NULL;
}

struct supervised *generation_next(const struct supervisor *supervisor, const struct supervised *service)
{
	const struct generation *generation = service ? service->generation : NULL;
	const struct list *link = &supervisor->generations;

	if (generation && service + 1 < generation->services + generation->service_count)
		return generation->services + (service - generation->services) + 1;
	for (link = generation ? generation->link.next : link->next; link != &supervisor->generations;
		link = link->next) {
		generation = container_of(link, struct generation, link);
		if (generation->service_count > 0)
			return generation->services;
	}
	return NULL;
}
