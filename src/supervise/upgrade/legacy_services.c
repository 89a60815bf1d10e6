/* SPDX-License-Identifier: MIT */
/*
 * Decides what a service is of which another image told: its listeners and its process are at hand, its configuration is not.
 * It serves, drains and ends like any other; to be started again it waits for a generation that was read by this image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "observe/log.h"
#include "supervise/death.h"
#include "supervise/notice.h"
#include "supervise/start.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/hearsay.h"
#include "supervise/upgrade/legacy.h"
#include "supervise/upgrade/legacy_totals.h"

#define SERVICES_MAX 4096

/* As it was told; what is of a service in the end is in the same fields. */
struct told {
	struct supervised service;
	int role;
	int64_t timer_ns;
};

struct told_list {
	struct told *at;
	size_t count;
};

static enum brood_model model_of(struct baton_reader *reader)
{
	const char *name = baton_take_text(reader), *known;

	for (int model = 0; (known = engine_model_name((enum brood_model)model)); model++)
		if (strcmp(known, name) == 0)
			return (enum brood_model)model;
	reader->failed = true;
	return BROOD_FORK;
}

static void take_service(struct legacy *legacy, struct told *told)
{
	struct baton_reader *reader = &legacy->reader;
	struct supervised *service = &told->service;
	struct brood_service *effective = &service->effective;

	effective->name = baton_take_text(reader);
	told->role = (int)baton_take_number(reader, LEGACY_ROLE_IN_OFFICE, LEGACY_ROLE_RETIRED);
	service->state = (enum service_state)baton_take_number(reader, SERVICE_STARTING, SERVICE_STOPPED);
	effective->model = model_of(reader);
	effective->workers = (int)baton_take_number(reader, 0, INT32_MAX);
	effective->threads = (int)baton_take_number(reader, 0, INT32_MAX);
	effective->drain_timeout_ms = (int)baton_take_number(reader, BROOD_OFF, INT32_MAX);
	effective->kill_after_ms = (int)baton_take_number(reader, BROOD_OFF, INT32_MAX);
	effective->lame_duck_ms = (int)baton_take_number(reader, BROOD_OFF, INT32_MAX);
	service->workers = (int)baton_take_number(reader, 0, INT32_MAX);
	service->restart.was_ready = baton_take_number(reader, 0, 1);
	service->child.pidfd = service->channel_source.fd = -1;
	service->board.fd = service->foreign.board.fd = -1;
	told->timer_ns = INT64_MAX;
}

static void take_listener(struct legacy *legacy, struct supervised *service)
{
	struct baton_reader *reader = &legacy->reader;
	struct supervised_origin *origin = &service->origins[service->listener_count];

	if (service->listener_count == ENGINE_LISTENERS) {
		reader->failed = true;
		return;
	}
	snprintf(origin->url, sizeof origin->url, "%s", baton_take_text(reader));
	origin->url_number = (size_t)baton_take_number(reader, 0, INT32_MAX);
	origin->backlog = (int)baton_take_number(reader, 0, INT32_MAX);
	origin->sent_as = (int)baton_take_number(reader, -1, ENGINE_LISTENERS - 1);
	origin->passed_on = baton_take_number(reader, 0, 1);
	origin->announced = baton_take_number(reader, 0, 1);
	legacy_take_listener(reader, &service->listeners[service->listener_count++]);
}

static void take_board(struct legacy *legacy, struct supervised *service)
{
	struct baton_reader *reader = &legacy->reader;
	struct board told = { .fd = -1 };

	service->foreign.version = baton_take_text(reader);
	told.fd = baton_take_fd(reader, BATON_MEMORY);
	told.read_fd = baton_take_fd(reader, BATON_MEMORY);
	told.count = (unsigned int)baton_take_number(reader, 0, INT32_MAX);
	told.area_size = (size_t)baton_take_number(reader, 0, INT32_MAX);
	if (strcmp(service->foreign.version, brood_version()) != 0 ||
		board_adopt(&service->board, told.fd, told.read_fd, told.count, told.area_size) < 0)
		service->foreign.board = told;
}

static void take_process(struct legacy *legacy, struct told *told)
{
	struct baton_reader *reader = &legacy->reader;
	struct supervised *service = &told->service;

	service->child.pid = (pid_t)baton_take_number(reader, 1, INT32_MAX);
	service->child.pidfd = baton_take_fd(reader, BATON_PIDFD);
	service->channel_source.fd = baton_take_fd(reader, BATON_SOCKET);
	take_board(legacy, service);
	service->restart.started_ns = baton_take_number(reader, 0, INT64_MAX);
	told->timer_ns = baton_take_number(reader, 0, INT64_MAX);
	if (service->child.pidfd < 0 || service->channel_source.fd < 0)
		reader->failed = true;
}

static struct told *add_told(struct legacy *legacy, struct told_list *list)
{
	struct told *at = list->count == SERVICES_MAX ? NULL : realloc(list->at, (list->count + 1) * sizeof *at);

	if (!at) {
		legacy->reader.failed = true;
		return NULL;
	}
	list->at = at;
	at[list->count] = (struct told){ .service.workers = 0 };
	return &at[list->count++];
}

/* A socket of LISTEN_FDS that no service uses: one may want it after a reload. */
static void take_handed(struct legacy *legacy, struct supervisor *supervisor)
{
	if (open_fd_hold_again(&supervisor->held, baton_take_fd(&legacy->reader, BATON_SOCKET)) < 0)
		legacy->reader.failed = true;
}

static void take_all(struct legacy *legacy, struct supervisor *supervisor, struct told_list *list)
{
	struct told *told = NULL;

	for (; legacy->record && strcmp(legacy->record, "end") != 0 && !legacy->reader.failed;
		legacy->record = baton_next(&legacy->reader)) {
		if (strcmp(legacy->record, "service") == 0) {
			told = add_told(legacy, list);
			if (told)
				take_service(legacy, told);
		} else if (told && strcmp(legacy->record, "listener") == 0) {
			take_listener(legacy, &told->service);
		} else if (told && strcmp(legacy->record, "process") == 0) {
			take_process(legacy, told);
		} else if (strcmp(legacy->record, "handed") == 0) {
			take_handed(legacy, supervisor);
		} else if (!told || !legacy_totals_take(&legacy->reader, legacy->record, &told->service)) {
			legacy->reader.failed = true;
		}
	}
	if (!legacy->record)
		legacy->reader.failed = true;
}

/* ---- Generations ---- */

static int add_generation(const struct legacy *legacy, struct supervisor *supervisor, const struct told_list *list,
	int role, struct sentence *why)
{
	struct supervise_load *load = hearsay_new(list->count, legacy->source);
	struct generation *generation;
	int r;

	if (!load)
		return sentence_set(why, -ENOMEM, "no memory for the services");
	load->log_level = supervisor->config->log->max;
	load->log_format = supervisor->config->log->format;
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].role == role)
			hearsay_add(load, &list->at[i].service.effective);
	if (load->service_count == 0) {
		load->release(load);
		return 0;
	}
	r = generation_new(supervisor, load->services, load->service_count, &generation, why);
	if (r < 0) {
		load->release(load);
		return r;
	}
	generation->load = load;
	for (size_t i = 0; i < generation->service_count; i++)
		generation->services[i].is_hearsay = true;
	if (role == LEGACY_ROLE_RETIRED)
		generation->role = GENERATION_RETIRED;
	else
		generation_take_office(generation);
	return 0;
}

/* ---- From what was told to what is ---- */

static struct supervised *find_place(struct supervisor *supervisor, const struct told *told)
{
	struct supervised *service = NULL;
	bool retired = told->role == LEGACY_ROLE_RETIRED;

	while ((service = generation_next(supervisor, service)))
		if ((service->generation->role == GENERATION_RETIRED) == retired && !service->is_told &&
			strcmp(service->effective.name, told->service.effective.name) == 0)
			return service;
	return NULL;
}

static int watch_process(struct supervised *service)
{
	struct loop *loop = &service->supervisor->loop;
	int r;

	if (!supervised_has_process(service))
		return 0;
	service->exit_source = (struct loop_source){ .fd = service->child.pidfd, .ready = death_ready };
	service->channel_source.ready = notice_ready;
	r = loop_add(loop, &service->channel_source, EPOLLIN);
	return r == 0 ? loop_add(loop, &service->exit_source, EPOLLIN) : r;
}

/* Its timer means what its state says. */
static void wait_on(struct supervised *service, int64_t at_ns)
{
	if (service->state == SERVICE_DRAINING)
		stop_wait(service, at_ns);
	else if (service->state == SERVICE_STARTING && supervised_has_process(service))
		start_wait(service, at_ns);
	else if (service->state == SERVICE_STARTING && !service->is_hearsay)
		start_later(service, clock_now_ns());
}

static int settle(struct supervisor *supervisor, const struct told *told)
{
	const struct supervised *what = &told->service;
	struct supervised *service = find_place(supervisor, told);
	int r;

	if (!service)
		return -ENOENT;
	service->is_told = true;
	memcpy(service->listeners, what->listeners, sizeof service->listeners);
	memcpy(service->origins, what->origins, sizeof service->origins);
	service->listener_count = what->listener_count;
	service->child = what->child;
	service->board = what->board;
	service->foreign = what->foreign;
	service->totals = what->totals;
	service->channel_source.fd = what->channel_source.fd;
	service->restart = what->restart;
	service->workers = what->workers;
	r = watch_process(service);
	if (r < 0)
		return r;
	state_set(service, what->state);
	wait_on(service, told->timer_ns);
	return 0;
}

int legacy_take_services(struct legacy *legacy, struct supervisor *supervisor, struct sentence *why)
{
	const struct supervise_config *config = supervisor->config;
	struct told_list list = { NULL, 0 };
	struct generation *generation;
	int r = 0;

	take_all(legacy, supervisor, &list);
	if (legacy->reader.failed)
		r = sentence_set(
			why, -EPROTO, "what the former supervisor told about its services cannot be understood");
	if (r == 0)
		r = add_generation(legacy, supervisor, &list, LEGACY_ROLE_RETIRED, why);
	if (r == 0 && !legacy->failed)
		r = add_generation(legacy, supervisor, &list, LEGACY_ROLE_IN_OFFICE, why);
	if (r == 0 && legacy->failed) {
		r = generation_new(supervisor, config->services, config->service_count, &generation, why);
		if (r == 0)
			generation_take_office(generation);
	}
	for (size_t i = 0; i < list.count && r == 0; i++) {
		r = settle(supervisor, &list.at[i]);
		if (r < 0)
			sentence_set(why, r, "service %s cannot be taken over: %s", list.at[i].service.effective.name,
				strerror(-r));
	}
	if (r == 0 && !supervisor->generation)
		r = sentence_set(why, -EPROTO, "the former supervisor had no services");
	legacy->taken_up = r == 0;
	free(list.at);
	return r;
}
