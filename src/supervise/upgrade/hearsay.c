/* SPDX-License-Identifier: MIT */
/* Invariant: such a service is never started; whoever needs another process of it reads the configuration first. */
#include "supervise/upgrade/hearsay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "core/engine.h"

struct hearsay {
	struct supervise_load load;
	char *source;
	struct supervise_service services[];
};

static void release(struct supervise_load *load)
{
	struct hearsay *hearsay = container_of(load, struct hearsay, load);

	for (size_t i = 0; i < load->service_count; i++)
		free((char *)(uintptr_t)load->services[i].service.name);
	free(hearsay->source);
	free(hearsay);
}

/* Never called. That there is one says that the handler is not known here. */
static int open_unknown(struct supervise_service *self, int *ret_exit, struct sentence *why)
{
	(void)self;
	*ret_exit = 0;
	return sentence_set(why, -ENOENT, "its configuration is not known to this image");
}

struct supervise_load *hearsay_new(size_t count, const char *source)
{
	struct hearsay *hearsay = calloc(1, sizeof *hearsay + count * sizeof *hearsay->services);

	if (!hearsay)
		return NULL;
	hearsay->source = source ? strdup(source) : NULL;
	hearsay->load = (struct supervise_load){
		.services = hearsay->services,
		.source = hearsay->source,
		.release = release,
	};
	return &hearsay->load;
}

void hearsay_add(struct supervise_load *load, const struct brood_service *told)
{
	bool sized = told->model == BROOD_FORK || engine_model_is_standing(told->model);

	load->services[load->service_count++] = (struct supervise_service){
		.service = {
			.name = strdup(told->name),
			.model = told->model,
			.workers = sized ? told->workers : 0,
			.threads = told->threads,
			.drain_timeout_ms = told->drain_timeout_ms,
			.kill_after_ms = told->kill_after_ms,
			.lame_duck_ms = told->lame_duck_ms,
		},
		.open = open_unknown,
	};
}
