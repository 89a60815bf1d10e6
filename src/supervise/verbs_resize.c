/* SPDX-License-Identifier: MIT */
/* Decides which service is resized, and whether it can be asked; how many it can have, its model decides. */
#include <errno.h>

#include "supervise/channel.h"
#include "supervise/report.h"
#include "supervise/verbs.h"

#define WORKERS_MAX 100000

static struct supervised *find_to_resize(struct supervisor *supervisor, const char *name, struct sentence *why)
{
	struct supervised *service = name ? generation_find(supervisor, name) : NULL;

	if (name && !service)
		sentence_set(why, -ENOENT, "there is no service %.80s", name);
	if (name)
		return service;
	if (supervisor->service_count != 1) {
		sentence_set(why, -EINVAL,
			"there are %zu services, and the signal names none: write brood ctl resize SERVICE N",
			supervisor->service_count);
		return NULL;
	}
	return &supervisor->services[0];
}

static int workers_of(const struct supervised *service)
{
	const struct brood_service *effective = &service->effective;

	if (service->workers)
		return service->workers;
	return effective->model == BROOD_THREAD ? effective->threads : effective->workers;
}

static int ask_to_resize(struct supervised *service, int workers, struct sentence *why)
{
	const char *name = service->effective.name;

	if (service->state != SERVICE_READY)
		return sentence_set(why, -EBUSY, "service %s is not ready", name);
	if (service->resizing_to)
		return sentence_set(why, -EBUSY, "service %s is being resized already: ask again", name);
	if (workers < 1 || workers > WORKERS_MAX)
		return sentence_set(why, -ERANGE, "service %s has %d: there must be between 1 and %d", name,
			workers_of(service), WORKERS_MAX);
	if (channel_send(service->channel_source.fd, CHANNEL_RESIZE, workers, NULL) < 0)
		return sentence_set(why, -EBUSY, "service %s does not read its orders", name);
	service->resizing_to = workers;
	return 0;
}

void verbs_resize(struct supervisor *supervisor, const char *service_name, enum verbs_resize how, int workers,
	struct verb_reply *reply)
{
	struct sentence why = { "" };
	struct supervised *service = find_to_resize(supervisor, service_name, &why);
	int r = -EINVAL;

	if (service && how == VERBS_RESIZE_BY)
		workers = workers_of(service) + (workers > WORKERS_MAX ? WORKERS_MAX : workers);
	if (service)
		r = ask_to_resize(service, workers, &why);
	if (r < 0)
		verbs_answer(supervisor, "resize", reply, r, why.text);
	else
		verbs_wait(&service->resizing, reply);
}

void verbs_resized(struct supervised *service, int error, const char *text)
{
	struct sentence why = { "" };
	int workers = service->resizing_to;

	/* Not asked for: after a restart it is told what it was resized to before. */
	if (!workers)
		return;
	service->resizing_to = 0;
	if (error < 0) {
		sentence_set(&why, error, "service %.80s: %.300s", service->effective.name, text);
		report_event(service, BROOD_WARN, "not resized", (struct log_field[]){ LOG_TEXT("why", text) }, 1);
	} else {
		report_event(service, BROOD_INFO, "resized",
			(struct log_field[]){
				LOG_INT("from", workers_of(service)),
				LOG_INT("to", workers),
			},
			2);
		service->workers = workers;
	}
	verbs_answer_all(&service->resizing, error, why.text);
}
