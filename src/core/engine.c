/* SPDX-License-Identifier: MIT */
/* The engine: services on one loop, from brood_new to brood_free. Its states are drawn in engine_private.h. */
#include "core/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/accept.h"
#include "core/alone.h"
#include "core/engine_private.h"
#include "core/inherit.h"
#include "core/service_life.h"
#include "core/ticking.h"

#define VERSION "0.1.0"

/* After everything was told to end: how long threads may take to come back before brood_run returns without them. */
#define KILL_GRACE_MS 2000

const char *brood_version(void)
{
	return VERSION;
}

static void set_state(struct brood *engine, enum engine_state state)
{
	engine->state = state;
}

void engine_log(struct brood *engine, enum brood_level level, const char *format, ...)
{
	char text[SENTENCE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_write(engine->log, &(struct log_record){ .level = level, .message = text });
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void wake_ready(struct loop_source *source, uint32_t events)
{
	struct brood *engine = container_of(source, struct brood, wake);
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof count) < 0)
		return;
	engine_drain(engine);
	if (engine->stop_requests > 1)
		engine_kill(engine);
}

struct brood *engine_new(struct zone *zone)
{
	struct brood *engine = calloc(1, sizeof *engine);

	if (!engine)
		return NULL;
	engine->zone = zone ? zone : &engine->own_zone;
	if (!zone && zone_open(&engine->own_zone, ENGINE_ZONE_SIZE) < 0)
		goto free_engine;
	engine->life_pipe[0] = engine->life_pipe[1] = -1;
	log_init(&engine->own_log);
	engine->log = &engine->own_log;
	engine->loop = zone_take(engine->zone, sizeof *engine->loop);
	if (!engine->loop)
		goto close_zone;
	if (loop_init(engine->loop) < 0)
		goto free_loop;
	engine->wake = (struct loop_source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = wake_ready };
	if (engine->wake.fd < 0)
		goto fini_loop;
	if (loop_add(engine->loop, &engine->wake, EPOLLIN) < 0)
		goto close_wake;
	return engine;

close_wake:
	close(engine->wake.fd);
fini_loop:
	loop_fini(engine->loop);
free_loop:
	zone_give(engine->zone, engine->loop, sizeof *engine->loop);
close_zone:
	zone_close(&engine->own_zone);
free_engine:
	free(engine);
	return NULL;
}

struct brood *brood_new(void)
{
	return engine_new(NULL);
}

int brood_add_sized(struct brood *engine, const struct brood_service *service, size_t size)
{
	struct brood_service effective;
	int r;

	if (engine->state != ENGINE_NEW)
		return sentence_set(&engine->why, -EBUSY, "brood_add: the engine has already started");
	if (engine->service_count == ENGINE_SERVICES)
		return sentence_set(&engine->why, -ENOSPC, "brood_add: at most %d services", ENGINE_SERVICES);
	r = engine_effective(service, size, &effective, &engine->why);
	if (r < 0)
		return r;
	engine->services[engine->service_count] = service_new(engine, &effective);
	if (!engine->services[engine->service_count])
		return -ENOMEM;
	engine->services[engine->service_count]->supervised_only = alone_cannot(service, size);
	engine->service_count++;
	return 0;
}

int engine_supervise(struct brood *engine, const struct engine_supervised *supervised)
{
	if (engine->state != ENGINE_NEW || engine->service_count != 1)
		return -EINVAL;
	engine->supervised_copy = *supervised;
	engine->supervised = &engine->supervised_copy;
	engine->log = supervised->log;
	return 0;
}

static int for_each_service(struct brood *engine, int (*step)(struct service *service))
{
	int r = 0;

	for (size_t i = 0; i < engine->service_count && r == 0; i++)
		r = step(engine->services[i]);
	return r;
}

static bool has_lost_threads(const struct brood *engine)
{
	for (size_t i = 0; i < engine->service_count; i++)
		if (engine->services[i]->ledger->out_count > 0)
			return true;
	return false;
}

static void stop_services(struct brood *engine)
{
	ticking_stop(engine);
	loop_disarm(engine->loop, &engine->drain_timer);
	for (size_t i = 0; i < engine->service_count; i++)
		service_stop(engine->services[i]);
	close_end(&engine->life_pipe[1]);
	/* Should a lost thread wait once more, then by this number: it must not be somebody else's. */
	if (!has_lost_threads(engine))
		close_end(&engine->life_pipe[0]);
}

static int open_life_pipe(struct brood *engine)
{
	if (pipe2(engine->life_pipe, O_CLOEXEC) < 0)
		return sentence_set(&engine->why, -errno, "cannot make a pipe: %s", strerror(errno));
	return 0;
}

int brood_start(struct brood *engine)
{
	int r;

	if (engine->state != ENGINE_NEW)
		return 0;
	if (engine->service_count == 0)
		return sentence_set(&engine->why, -EINVAL, "there is no service: call brood_add first");
	engine->why = (struct sentence){ "" };
	r = for_each_service(engine, service_open);
	if (r == 0)
		r = inherit_before_load(engine);
	if (r == 0)
		r = for_each_service(engine, service_load);
	if (r == 0)
		r = inherit_after_load(engine);
	log_own(engine->log);
	if (r == 0)
		r = for_each_service(engine, service_open_board);
	if (r == 0)
		r = open_life_pipe(engine);
	if (r == 0)
		r = for_each_service(engine, service_start);
	if (r == 0)
		r = ticking_start(engine);
	if (r < 0) {
		stop_services(engine);
		if (!engine->why.text[0])
			sentence_set(&engine->why, r, "cannot start: %s", strerrordesc_np(-r));
		return r;
	}
	set_state(engine, ENGINE_SERVING);
	return 0;
}

/* For whatever reason nothing is waited for any longer. Why we give up, should that be it, was said before. */
static void be_over(struct brood *engine)
{
	loop_disarm(engine->loop, &engine->drain_timer);
	if (has_lost_threads(engine) && engine->failure == 0)
		engine->failure = sentence_set(&engine->why, -ETIMEDOUT, "some threads did not come back");
	set_state(engine, ENGINE_OVER);
}

void engine_check_over(struct brood *engine)
{
	if (engine->state != ENGINE_SERVING && engine->state != ENGINE_DRAINING)
		return;
	for (size_t i = 0; i < engine->service_count; i++) {
		const struct ledger *ledger = engine->services[i]->ledger;
		const struct model *model = &engine->services[i]->model;

		if (ledger->out_count > ledger->lost_count || ledger->accept_state != ACCEPT_CLOSED)
			return;
		if (model->ops->left && model->ops->left(model) > 0)
			return;
	}
	/* What was written off had its time already: it is not waited for until the drain deadline. */
	if (has_lost_threads(engine))
		engine_kill(engine);
	else
		be_over(engine);
}

static void drain_deadline(struct loop_timer *timer)
{
	struct brood *engine = container_of(timer, struct brood, drain_timer);

	if (engine->life_pipe[1] >= 0) {
		engine_log(engine, BROOD_WARN, "the drain deadline passed; what is unfinished is cut off");
		engine_kill(engine);
		return;
	}
	be_over(engine);
}

/* The longest of the services' drain deadlines: they share the process. */
static int drain_ms(const struct brood *engine)
{
	int longest_ms = 0;

	for (size_t i = 0; i < engine->service_count; i++) {
		int ms = engine->services[i]->config.drain_timeout_ms;

		if (ms < 0)
			return ms;
		longest_ms = ms > longest_ms ? ms : longest_ms;
	}
	return longest_ms;
}

/* One byte into an empty pipe: it cannot block. */
static void say_draining(struct brood *engine)
{
	if (write(engine->life_pipe[1], "", 1) < 0)
		engine_log(engine, BROOD_ERROR, "workers did not hear that the service drains: %s",
			strerrordesc_np(errno));
}

void engine_become_worker(struct brood *engine, struct service *service, struct loop *loop)
{
	engine->loop = loop;
	engine->services[0] = service;
	engine->service_count = 1;
	engine->life_pipe[0] = engine->life_pipe[1] = -1;
	engine->tick_timer = engine->drain_timer = (struct loop_timer){ 0 };
	set_state(engine, ENGINE_SERVING);
}

void engine_worker_leaves(struct brood *engine)
{
	if (engine->state == ENGINE_SERVING)
		set_state(engine, ENGINE_DRAINING);
}

bool engine_is_worker_on(const struct brood *engine)
{
	return engine->state != ENGINE_OVER;
}

void engine_go(struct brood *engine)
{
	for (size_t i = 0; i < engine->service_count && engine->state == ENGINE_SERVING; i++) {
		struct model *model = &engine->services[i]->model;

		accept_go(engine->services[i]);
		if (model->ops->go)
			model->ops->go(model);
	}
}

void engine_yield(struct brood *engine)
{
	for (size_t i = 0; i < engine->service_count && engine->state == ENGINE_SERVING; i++) {
		struct model *model = &engine->services[i]->model;

		accept_yield(engine->services[i]);
		if (model->ops->yield)
			model->ops->yield(model);
	}
}

int engine_resize(struct brood *engine, int workers, struct sentence *why)
{
	struct service *service = engine->services[0];
	const struct model_ops *ops = service->model.ops;
	int r = ops->resize ? ops->resize(&service->model, workers) : -EOPNOTSUPP;

	if (r == -EOPNOTSUPP)
		return sentence_set(why, r, "model %s has a fixed size", ops->name);
	if (r == -E2BIG)
		return sentence_set(
			why, r, "it has no places for %d: write them into its configuration, and reload", workers);
	if (r < 0)
		return sentence_set(why, r, "%s", strerrordesc_np(-r));
	tally_set(&service->ledger->tally->capacity,
		(uint64_t)workers * (ops->many ? (uint64_t)service->config.max_conns : 1));
	if (!ops->standing)
		accept_resume(service);
	return 0;
}

void engine_drain(struct brood *engine)
{
	engine_leave(engine, 0);
}

void engine_leave(struct brood *engine, uint32_t passed_on)
{
	int ms = drain_ms(engine);

	if (engine->state != ENGINE_SERVING)
		return;
	set_state(engine, ENGINE_DRAINING);
	engine->drain_timer.fire = drain_deadline;
	if (ms >= 0)
		loop_arm(engine->loop, &engine->drain_timer, clock_now_ns() + ms * NS_PER_MS);
	for (size_t i = 0; i < engine->service_count; i++)
		engine->services[i]->model.draining = true;
	say_draining(engine);
	for (size_t i = 0; i < engine->service_count; i++)
		accept_leave(engine->services[i], passed_on);
	engine_check_over(engine);
}

void engine_kill(struct brood *engine)
{
	if (engine->state == ENGINE_SERVING)
		set_state(engine, ENGINE_DRAINING);
	if (engine->state != ENGINE_DRAINING || engine->life_pipe[1] < 0)
		return;
	engine->drain_timer.fire = drain_deadline;
	loop_arm(engine->loop, &engine->drain_timer, clock_now_ns() + KILL_GRACE_MS * NS_PER_MS);
	for (size_t i = 0; i < engine->service_count; i++) {
		struct service *service = engine->services[i];

		service->model.draining = service->model.killed = true;
		accept_close(service);
	}
	close_end(&engine->life_pipe[1]);
	for (size_t i = 0; i < engine->service_count; i++)
		engine->services[i]->model.ops->kill(&engine->services[i]->model);
	engine_check_over(engine);
}

int brood_run_once(struct brood *engine, int timeout_ms)
{
	int r = brood_start(engine);

	if (r < 0)
		return r;
	if (engine->state != ENGINE_OVER)
		r = loop_turn(engine->loop, timeout_ms);
	if (r < 0)
		return sentence_set(&engine->why, r, "the loop failed: %s", strerrordesc_np(-r));
	if (engine->state != ENGINE_OVER)
		return 1;
	stop_services(engine);
	return engine->failure;
}

int brood_run(struct brood *engine)
{
	int r;

	engine->loop->stays = true;
	do
		r = brood_run_once(engine, -1);
	while (r > 0);
	engine->loop->stays = false;
	return r;
}

int brood_fd(struct brood *engine)
{
	int r = brood_start(engine);

	return r < 0 ? r : loop_fd(engine->loop);
}

void brood_stop(struct brood *engine)
{
	int saved_errno = errno;
	uint64_t one = 1;

	engine->stop_requests++;
	/* Fails only if the counter is about to overflow, and then it is readable anyway. */
	if (write(engine->wake.fd, &one, sizeof one) < 0)
		errno = saved_errno;
	errno = saved_errno;
}

void brood_free(struct brood *engine)
{
	if (!engine)
		return;
	engine_kill(engine);
	while (engine->state == ENGINE_DRAINING && loop_turn(engine->loop, -1) == 0)
		continue;
	stop_services(engine);
	if (has_lost_threads(engine))
		return; /* they may yet touch any of it: a leak is the lesser evil */
	for (size_t i = 0; i < engine->service_count; i++)
		service_free(engine->services[i]);
	loop_del(engine->loop, &engine->wake);
	close(engine->wake.fd);
	loop_fini(engine->loop);
	zone_give(engine->zone, engine->loop, sizeof *engine->loop);
	zone_close(&engine->own_zone);
	if (engine->log == &engine->own_log)
		log_fini(&engine->own_log);
	free(engine);
}

const char *brood_error(const struct brood *engine)
{
	return engine->why.text;
}

const char *brood_listening(const struct brood *engine, size_t n)
{
	for (size_t i = 0; i < engine->service_count; i++) {
		const struct service *service = engine->services[i];

		if (n < service->ledger->acceptor_count)
			return service->ledger->acceptors[n].listener.url;
		n -= service->ledger->acceptor_count;
	}
	return NULL;
}

void brood_log_to(struct brood *engine, enum brood_level max, brood_log_fn *fn, void *arg)
{
	engine->own_log.max = max;
	engine->own_log.fn = fn;
	engine->own_log.fn_arg = arg;
}

struct loop *engine_loop(struct brood *engine)
{
	return engine->loop;
}

bool engine_gave_up(const struct brood *engine)
{
	return engine->gave_up;
}
