/* SPDX-License-Identifier: MIT */
/* Defaults and checks: from what the user declared to what is in effect. Pure. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>

#include "contract/line_ring.h"
#include "contract/model.h"
#include "contract/standing.h"
#include "core/admission.h"
#include "core/config_listen.h"
#include "core/engine_private.h"
#include "core/http_defaults.h"
#include "limits/limits.h"

/* Bounds that keep sums and products of settings inside their types; far above what a machine can do. */
#define MAX_WORKERS      100000
#define MAX_THREADS      10000
#define MAX_BACKLOG      65535
#define MAX_PACKET       65507
#define MAX_STACK_KIB    (1024 * 1024)
#define MAX_STATE_SIZE   (1024 * 1024)
#define MAX_REFUSAL_SIZE 4096
#define MAX_TIMEOUT_MS   (7 * 24 * 3600 * 1000)
#define MAX_REQUESTS     1000000000
#define MAX_MEMORY_KIB   (1 << 30)
#define MAX_CLIENTS      10000000
#define MAX_RATE         100000000
#define MAX_OOM_SCORE    1000
#define ITERATIVE_FORKS  40
#define PREFORK_WORKERS  8
#define MAX_CONNS        1000000

static const struct model_ops *const models[] = {
	[BROOD_FORK] = &model_fork,
	[BROOD_ITERATIVE] = &model_iterative,
	[BROOD_THREAD] = &model_thread,
	[BROOD_PREFORK] = &model_prefork,
	[BROOD_EVENT] = &model_event,
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
	SETTING(max_requests, BROOD_OFF, MAX_REQUESTS, true),
	SETTING(recycle_memory_kib, BROOD_OFF, MAX_MEMORY_KIB, true),
	SETTING(max_memory_kib, BROOD_OFF, MAX_MEMORY_KIB, true),
	SETTING(max_clients, BROOD_OFF, MAX_CLIENTS, true),
	SETTING(max_per_source, BROOD_OFF, MAX_CLIENTS, true),
	SETTING(source_prefix4, 32, 32, false),
	SETTING(source_prefix6, 64, 128, false),
	SETTING(source_rate_per_min, BROOD_OFF, MAX_RATE, true),
	SETTING(source_burst, 10, MAX_RATE, false),
	SETTING(penalty_crash_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(penalty_timeout_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(penalty_blame_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(penalty_max_ms, 600000, MAX_TIMEOUT_MS, false),
	SETTING(early_drop_from, BROOD_OFF, MAX_CLIENTS, true),
	SETTING(early_drop_percent, 30, 100, false),
	SETTING(reserved, BROOD_OFF, MAX_CLIENTS, true),
	SETTING(queue_timeout_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(dry_run_limits, BROOD_OFF, 1, true),
	SETTING(min_rate, BROOD_OFF, MAX_RATE, true),
	SETTING(lame_duck_ms, BROOD_OFF, MAX_TIMEOUT_MS, true),
	SETTING(no_new_privs, 1, 1, true),
	SETTING(oom_score_adj, 200, MAX_OOM_SCORE, true),
	SETTING(head_timeout_ms, 20000, MAX_TIMEOUT_MS, true),
	SETTING(max_body_kib, 8192, MAX_MEMORY_KIB, true),
	SETTING(permit_bare_lf, BROOD_OFF, 1, true),
	SETTING(permit_obsolete_fold, BROOD_OFF, 1, true),
	SETTING(permit_blank_before_colon, BROOD_OFF, 1, true),
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

static int check_pool_bound(const struct brood_service *service, const char *name, int value, struct sentence *why)
{
	if (value >= 0 && value <= MAX_WORKERS)
		return 0;
	return sentence_set(why, -EINVAL, "service %s: %s is %d; it must be between 1 and %d", service->name, name,
		value, MAX_WORKERS);
}

/* workers is the bound in any case; without a range the pool has that size always. */
static int check_pool(struct brood_service *service, struct sentence *why)
{
	if (check_pool_bound(service, "workers", service->workers, why) < 0 ||
		check_pool_bound(service, "workers_min", service->workers_min, why) < 0 ||
		check_pool_bound(service, "workers_max", service->workers_max, why) < 0 ||
		check_pool_bound(service, "workers_spare", service->workers_spare, why) < 0)
		return -EINVAL;
	/* What is in effect already may be checked again: there both are said, and are the same. */
	if (service->workers && service->workers != service->workers_max &&
		(service->workers_min || service->workers_max || service->workers_spare))
		return sentence_set(why, -EINVAL,
			"service %s: workers says how many there are always; leave it out, or workers_min, "
			"workers_max and "
			"workers_spare",
			service->name);
	if ((service->workers_min || service->workers_spare) && !service->workers_max)
		return sentence_set(
			why, -EINVAL, "service %s: workers_min and workers_spare need workers_max", service->name);
	if (service->max_requests == 1)
		service->fresh = BROOD_ONESHOT;
	if (!service->workers_max)
		service->workers_min = service->workers_max = service->workers ? service->workers : PREFORK_WORKERS;
	if (!service->workers_min)
		service->workers_min = 1;
	if (service->workers_min > service->workers_max)
		return sentence_set(why, -EINVAL, "service %s: workers_min is %d, more than workers_max, which is %d",
			service->name, service->workers_min, service->workers_max);
	if (service->workers_spare > service->workers_max)
		return sentence_set(why, -EINVAL,
			"service %s: workers_spare is %d, more than workers_max, which is %d", service->name,
			service->workers_spare, service->workers_max);
	if (!service->workers_spare)
		service->workers_spare = (service->workers_max + 3) / 4;
	service->workers = service->workers_max;
	return 0;
}

/* A loop for each core that we may run on. */
static int cores(void)
{
	cpu_set_t mine;

	return sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : 1;
}

static int check_event(struct brood_service *service, struct sentence *why)
{
	if (service->workers == 0)
		service->workers = cores();
	if (service->max_conns == 0)
		service->max_conns = MODEL_CONNS;
	if (service->max_conns < 1 || service->max_conns > MAX_CONNS)
		return sentence_set(why, -EINVAL, "service %s: max_conns is %d; it must be between 1 and %d",
			service->name, service->max_conns, MAX_CONNS);
	return check_pool_bound(service, "workers", service->workers, why);
}

static int check_workers(struct brood_service *service, struct sentence *why)
{
	if (service->model == BROOD_PREFORK)
		return check_pool(service, why);
	if (service->model == BROOD_EVENT)
		return check_event(service, why);
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

#define OF(model) (1U << (model))

/* What only standing workers, or only processes, can honour. */
static int check_model(const struct brood_service *service, struct sentence *why)
{
	const struct {
		const char *name;
		bool given;
		unsigned int models;
		const char *who;
	} only[] = {
		{ "workers_min, workers_max and workers_spare",
			service->workers_min || service->workers_max || service->workers_spare, OF(BROOD_PREFORK),
			"model prefork does" },
		{ "fresh", service->fresh != BROOD_REUSED, OF(BROOD_PREFORK), "model prefork does" },
		{ "max_requests", service->max_requests != BROOD_OFF, OF(BROOD_PREFORK) | OF(BROOD_EVENT),
			"models prefork and event do" },
		{ "recycle_memory_kib", service->recycle_memory_kib != BROOD_OFF, OF(BROOD_PREFORK) | OF(BROOD_EVENT),
			"models prefork and event do" },
		{ "max_memory_kib", service->max_memory_kib != BROOD_OFF,
			OF(BROOD_PREFORK) | OF(BROOD_EVENT) | OF(BROOD_FORK), "models fork, prefork and event do" },
		{ "max_conns", service->max_conns != 0, OF(BROOD_EVENT), "model event does" },
	};

	for (size_t i = 0; i < sizeof only / sizeof *only; i++)
		if (only[i].given && !(only[i].models & OF(service->model)))
			return sentence_set(why, -EINVAL, "service %s: model %s does not know %s; %s", service->name,
				models[service->model]->name, only[i].name, only[i].who);
	return 0;
}

/* Clients that one service process serves at once; under iterative, with those in children of brood_fork. */
static int at_once(const struct brood_service *service)
{
	if (service->model == BROOD_THREAD)
		return service->threads;
	if (service->model == BROOD_EVENT)
		return service->workers > INT_MAX / service->max_conns ? INT_MAX
								       : service->workers * service->max_conns;
	return service->model == BROOD_ITERATIVE ? 1 + ITERATIVE_FORKS : service->workers;
}

/* Beyond what the model serves at once clients wait, and none is ever refused. */
static int check_limits(const struct brood_service *service, struct sentence *why)
{
	struct limits_config config;
	int r = limits_parse(&config, service, why);

	if (r == 0 && service->max_clients > at_once(service))
		return sentence_set(why, -EINVAL,
			"service %s: max_clients is %d, but model %s serves %d at once and lets the others wait",
			service->name, service->max_clients, models[service->model]->name, at_once(service));
	return r;
}

static int check_rest(const struct brood_service *service, struct sentence *why)
{
	if (!service->handler.handle)
		return sentence_set(
			why, -EINVAL, "service %s has no handler: .handler.handle is NULL", service->name);
	if (service->state_size > MAX_STATE_SIZE)
		return sentence_set(why, -EINVAL, "service %s: state_size is %zu; at most %d", service->name,
			service->state_size, MAX_STATE_SIZE);
	if (service->refusal_size > MAX_REFUSAL_SIZE || service->last_words_size > MAX_REFUSAL_SIZE ||
		service->late_words_size > MAX_REFUSAL_SIZE || service->killed_words_size > MAX_REFUSAL_SIZE)
		return sentence_set(why, -EINVAL,
			"service %s: refusal, last_words, late_words and killed_words have at most %d bytes",
			service->name, MAX_REFUSAL_SIZE);
	return http_defaults_check(service, why);
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
	if (effective.handler.http)
		http_defaults(&effective);
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		r = fill_in(&effective, &settings[i], why);
		if (r < 0)
			return r;
	}
	r = check_model(&effective, why);
	if (r == 0)
		r = check_workers(&effective, why);
	if (r == 0)
		r = check_limits(&effective, why);
	if (r == 0)
		r = config_listen_check(&effective, why);
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

bool engine_model_is_standing(enum brood_model model)
{
	return models[model]->standing;
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
		.workers_min = service->workers_min,
		.workers_max = service->workers_max,
		.workers_spare = service->workers_spare,
		.max_requests = service->max_requests,
		.recycle_memory_kib = service->recycle_memory_kib,
		.max_memory_kib = service->max_memory_kib,
		.oneshot = service->fresh == BROOD_ONESHOT,
		.threads = service->threads,
		.max_conns = service->max_conns,
		.stack_kib = service->stack_kib + (service->handler.http ? HTTP_STACK_KIB : 0),
		.last_chance_ms = service->handler.http ? HTTP_LAST_CHANCE_MS : 0,
		.kill_after_ms = service->kill_after_ms,
		.stall_cpu_ms = MODEL_STALL_CPU_MS,
		.stall_loop_ms = MODEL_STALL_LOOP_MS,
		.life_fd = -1,
		.board_fd = -1,
	};
}

size_t engine_area_size(const struct brood_service *service)
{
	size_t size = models[service->model]->standing ? STANDING_SIZE : SLOT_SIZE;

	if (models[service->model]->many)
		size = standing_sources_at(service->max_conns) + admission_own_size(service);
	size = (size + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE;
	return models[service->model]->standing && service->access_log ? size + LINE_RING_SIZE : size;
}

unsigned int engine_slots(const struct brood_service *service)
{
	struct model_config config = engine_model_config(service);

	return (unsigned int)models[service->model]->capacity(&config);
}
