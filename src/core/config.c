/* SPDX-License-Identifier: MIT */
/* Defaults and checks: from what the user declared to what is in effect. Pure. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "contract/model.h"
#include "core/engine_private.h"

/* Bounds that keep sums and products of settings inside their types; far above what a machine can do. */
#define MAX_WORKERS      100000
#define MAX_THREADS      10000
#define MAX_BACKLOG      65535
#define MAX_PACKET       65507
#define MAX_STACK_KIB    (1024 * 1024)
#define MAX_STATE_SIZE   (1024 * 1024)
#define MAX_REFUSAL_SIZE 4096
#define MAX_TIMEOUT_MS   (7 * 24 * 3600 * 1000)
#define ITERATIVE_FORKS  40

static const struct model_ops *const models[] = {
	[BROOD_FORK] = &model_fork,
	[BROOD_ITERATIVE] = &model_iterative,
	[BROOD_THREAD] = &model_thread,
};

struct setting {
	const char *name;
	size_t offset;
	int fallback;
	int max;
	bool may_be_off;
};

#define SETTING(field, fallback, max, off)                                        \
	{                                                                         \
#field, offsetof(struct brood_service, field), fallback, max, off \
	}

static const struct setting settings[] = {
	SETTING(threads, 64, MAX_THREADS, false),
	SETTING(backlog, 4096, MAX_BACKLOG, false),
	SETTING(max_packet, MAX_PACKET, MAX_PACKET, false),
	SETTING(stack_kib, BROOD_STACK_KIB, MAX_STACK_KIB, false),
	SETTING(first_byte_timeout_ms, 30000, MAX_TIMEOUT_MS, true),
	SETTING(idle_timeout_ms, 300000, MAX_TIMEOUT_MS, true),
	SETTING(request_timeout_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(write_timeout_ms, 30000, MAX_TIMEOUT_MS, true),
	SETTING(total_timeout_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(linger_ms, 1000, MAX_TIMEOUT_MS, true),
	SETTING(drain_timeout_ms, 30000, MAX_TIMEOUT_MS, true),
	SETTING(load_timeout_ms, 30000, MAX_TIMEOUT_MS, true),
	SETTING(kill_after_ms, 5000, MAX_TIMEOUT_MS, true),
	SETTING(idle_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
};

static int fill_in(struct brood_service *service, const struct setting *setting, struct sentence *why)
{
	int *value = (int *)(void *)((char *)service + setting->offset);

	if (*value == 0)
		*value = setting->fallback;
	if (*value == BROOD_OFF && setting->may_be_off)
		return 0;
	if (*value < 1 || *value > setting->max)
		return sentence_set(why, -EINVAL, "service %s: %s is %d; it must be between 1 and %d%s",
			service->name, setting->name, *value, setting->max,
			setting->may_be_off ? ", or BROOD_OFF" : "");
	return 0;
}

static int check_workers(struct brood_service *service, struct sentence *why)
{
	if (service->model != BROOD_FORK) {
		if (service->workers != 0 && service->workers != 1)
			return sentence_set(why, -EINVAL, "service %s: workers is %d, but model %s has one; %s",
				service->name, service->workers, models[service->model]->name,
				service->model == BROOD_THREAD ? "set threads instead" : "choose another model");
		service->workers = 1;
		return 0;
	}
	if (service->workers == 0)
		service->workers = 40;
	if (service->workers < 1 || service->workers > MAX_WORKERS)
		return sentence_set(why, -EINVAL, "service %s: workers is %d; it must be between 1 and %d",
			service->name, service->workers, MAX_WORKERS);
	return 0;
}

static int check_rest(const struct brood_service *service, struct sentence *why)
{
	if (!service->handler.handle)
		return sentence_set(
			why, -EINVAL, "service %s has no handler: .handler.handle is NULL", service->name);
	if (service->state_size > MAX_STATE_SIZE)
		return sentence_set(why, -EINVAL, "service %s: state_size is %zu; at most %d", service->name,
			service->state_size, MAX_STATE_SIZE);
	if (service->refusal_size > MAX_REFUSAL_SIZE || service->last_words_size > MAX_REFUSAL_SIZE)
		return sentence_set(why, -EINVAL, "service %s: refusal and last_words have at most %d bytes",
			service->name, MAX_REFUSAL_SIZE);
	return 0;
}

int engine_effective(
	const struct brood_service *service, size_t size, struct brood_service *ret_service, struct sentence *why)
{
	struct brood_service effective = { 0 };
	int r;

	if (size > sizeof effective)
		return sentence_set(
			why, -EINVAL, "the program was built for a newer libbrood than %s", brood_version());
	memcpy(&effective, service, size);
	if (!effective.name)
		effective.name = "service";
	if (!engine_model_name(effective.model))
		return sentence_set(
			why, -EINVAL, "service %s: there is no model %d", effective.name, (int)effective.model);
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		r = fill_in(&effective, &settings[i], why);
		if (r < 0)
			return r;
	}
	r = check_workers(&effective, why);
	if (r == 0)
		r = check_rest(&effective, why);
	if (r < 0)
		return r;
	*ret_service = effective;
	return 0;
}

const char *engine_model_name(enum brood_model model)
{
	return (unsigned int)model < sizeof models / sizeof *models ? models[model]->name : NULL;
}

const struct model_ops *engine_model_ops(enum brood_model model)
{
	return models[model];
}

struct model_config engine_model_config(const struct brood_service *service)
{
	return (struct model_config){
		/* Under iterative the one worker is the service process; what is bounded are children of brood_fork. */
		.workers = service->model == BROOD_ITERATIVE ? ITERATIVE_FORKS : service->workers,
		.threads = service->threads,
		.stack_kib = service->stack_kib,
		.kill_after_ms = service->kill_after_ms,
		.life_fd = -1,
		.board_fd = -1,
	};
}

unsigned int engine_slots(const struct brood_service *service)
{
	struct model_config config = engine_model_config(service);

	return (unsigned int)models[service->model]->capacity(&config);
}
