/* SPDX-License-Identifier: MIT */
/*
 * Decides what of brood's JSON is shown (docs/reference/control.md). Invariant: what is missing there is zero or unknown
 * here; only what is no JSON at all is an error, so that a brood of another version can be watched, too.
 */
#include "top/picture.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/end_reason.h"
#include "observe/queue_depth.h"

#define LISTENERS_MAX 64

static void copy_text(char *text, size_t size, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(text, size, "%s", value ? value : "");
}

static int64_t number(const json_t *object, const char *key, int64_t missing)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : missing;
}

static uint64_t count_of(const json_t *object, const char *key)
{
	int64_t value = number(object, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

static double rate(const json_t *service, const char *key)
{
	return json_number_value(json_object_get(json_object_get(json_object_get(service, "per_second"), key), "1s"));
}

/* ---- One service ---- */

static int by_count(const void *a, const void *b)
{
	const struct picture_reason *left = a, *right = b;

	return (left->count < right->count) - (left->count > right->count);
}

static void read_refusals(struct picture_service *service, const json_t *ended_by)
{
	struct picture_reason reasons[END_REASONS] = { 0 };
	size_t found = 0;

	for (unsigned int i = 0; i < END_REASONS; i++) {
		uint64_t count = count_of(ended_by, end_reason_name(i));

		if (end_reason_kind(i) != END_KIND_REFUSED || count == 0)
			continue;
		snprintf(reasons[found].name, sizeof reasons->name, "%s", end_reason_name(i));
		reasons[found++].count = count;
	}
	qsort(reasons, found, sizeof *reasons, by_count);
	service->reason_count = found < PICTURE_REASONS ? found : PICTURE_REASONS;
	memcpy(service->reasons, reasons, service->reason_count * sizeof *reasons);
}

/* The kernel knows the sockets by the numbers that the supervisor gives for them. */
static void read_queue(struct picture_service *service, const json_t *inodes)
{
	struct queue_depth queues[LISTENERS_MAX];
	size_t count = 0;

	for (; count < json_array_size(inodes) && count < LISTENERS_MAX; count++)
		queues[count] = (struct queue_depth){
			.inode = (uint32_t)json_integer_value(json_array_get(inodes, count)),
		};
	queue_depth_read(queues, count);
	for (size_t i = 0; i < count; i++) {
		if (!queues[i].known)
			continue;
		service->has_queue = true;
		service->waiting += queues[i].waiting;
		service->queue_limit += queues[i].limit;
	}
}

static void read_service(struct picture_service *service, const json_t *json)
{
	const json_t *clients = json_object_get(json, "clients"), *counters = json_object_get(json, "counters");
	const json_t *duration = json_object_get(json, "duration_us");

	copy_text(service->name, sizeof service->name, json, "name");
	copy_text(service->model, sizeof service->model, json, "model");
	copy_text(service->state, sizeof service->state, json, "state");
	service->generation = (unsigned int)count_of(json, "generation");
	service->pid = (pid_t)number(json_object_get(json, "process"), "pid", 0);
	service->state_ms = number(json, "state_ms", 0);
	service->clients = count_of(clients, "now");
	service->bound = count_of(clients, "bound");
	service->paused = json_is_true(json_object_get(clients, "paused"));
	service->accepted_per_s = rate(json, "accepted");
	service->requests_per_s = rate(json, "requests");
	service->in_per_s = rate(json, "bytes_in");
	service->out_per_s = rate(json, "bytes_out");
	service->ended = count_of(duration, "count");
	service->p50_us = number(duration, "p50", 0);
	service->p99_us = number(duration, "p99", 0);
	service->refused = count_of(counters, "refused");
	service->died = count_of(counters, "worker_deaths");
	read_refusals(service, json_object_get(json, "ended_by"));
	read_queue(service, json_object_get(json, "listener_inodes"));
}

static int read_status(struct picture *picture, const json_t *status)
{
	const json_t *services = json_object_get(status, "services");
	size_t count = json_array_size(services);

	copy_text(picture->version, sizeof picture->version, status, "version");
	picture->pid = (pid_t)number(status, "pid", 0);
	picture->up_ms = number(status, "up_ms", 0);
	picture->lost_lines = count_of(status, "lost_lines");
	picture->services = calloc(count + 1, sizeof *picture->services);
	if (!picture->services)
		return -ENOMEM;
	for (; picture->service_count < count; picture->service_count++)
		read_service(
			&picture->services[picture->service_count], json_array_get(services, picture->service_count));
	return 0;
}

/* ---- Workers ---- */

static void read_worker(struct picture_worker *worker, const json_t *json, size_t service)
{
	worker->service = service;
	worker->pid = (pid_t)number(json, "pid", 0);
	worker->state_ms = number(json, "state_ms", PICTURE_UNKNOWN);
	worker->requests = number(json, "requests", PICTURE_UNKNOWN);
	worker->bytes_in = number(json, "bytes_in", PICTURE_UNKNOWN);
	worker->bytes_out = number(json, "bytes_out", PICTURE_UNKNOWN);
	copy_text(worker->state, sizeof worker->state, json, "state");
	copy_text(worker->peer, sizeof worker->peer, json, "peer");
}

/* The two answers are of two moments: a process may have come or gone in between. */
static bool find_service(const struct picture *picture, const json_t *json, size_t *ret_service)
{
	pid_t pid = (pid_t)number(json, "process", 0);

	for (size_t i = 0; i < picture->service_count; i++)
		if (pid > 0 && picture->services[i].pid == pid) {
			*ret_service = i;
			return true;
		}
	return false;
}

static size_t count_workers(const json_t *services)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(services); i++)
		count += json_array_size(json_object_get(json_array_get(services, i), "workers"));
	return count;
}

static int read_workers(struct picture *picture, const json_t *services)
{
	picture->workers = calloc(count_workers(services) + 1, sizeof *picture->workers);
	if (!picture->workers)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(services); i++) {
		const json_t *service = json_array_get(services, i), *workers = json_object_get(service, "workers");
		size_t of;

		if (!find_service(picture, service, &of))
			continue;
		for (size_t j = 0; j < json_array_size(workers); j++)
			read_worker(&picture->workers[picture->worker_count++], json_array_get(workers, j), of);
	}
	return 0;
}

int picture_read(struct picture *ret_picture, const char *status, const char *workers, struct sentence *why)
{
	json_error_t error;
	json_t *status_json = json_loads(status, 0, &error);
	json_t *workers_json = status_json ? json_loads(workers, 0, &error) : NULL;
	struct picture picture = { 0 };
	int r;

	if (!workers_json) {
		r = sentence_set(why, -EBADMSG, "what brood answers is no JSON: %s", error.text);
		goto free_json;
	}
	r = read_status(&picture, status_json);
	if (r == 0)
		r = read_workers(&picture, json_object_get(workers_json, "services"));
	if (r < 0) {
		picture_free(&picture);
		sentence_set(why, r, "no memory for the picture");
	} else {
		*ret_picture = picture;
	}
free_json:
	json_decref(workers_json);
	json_decref(status_json);
	return r;
}

void picture_free(struct picture *picture)
{
	free(picture->services);
	free(picture->workers);
	free(picture->processes);
	*picture = (struct picture){ 0 };
}
