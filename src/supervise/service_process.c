/* SPDX-License-Identifier: MIT */
/*
 * Decides how the engine is run as a service process: listeners from the channel, the application loaded, READY, then
 * orders until the end. Exit status: 0 ended as told (or nothing left to serve), 75 wants to be replaced, 70 failed, any
 * other: the command shall end with it; the sentence for the last two goes ahead through the channel.
 */
#include "supervise/service_process.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "core/engine.h"
#include "observe/log.h"
#include "platform/leak_check.h"
#include "process/joint.h"
#include "process/lineage.h"
#include "supervise/channel.h"
#include "supervise/confine.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"

#define PAGE_SIZE_USUAL  4096
#define STACK_GIVEN_BACK (64 * PAGE_SIZE_USUAL)

struct service_process {
	struct supervised *service;
	struct brood *engine;
	struct signals signals;
	struct loop_source signal_source, channel_source, lifeline_source;
	struct listener listeners[ENGINE_LISTENERS];
	size_t listener_count;
	struct deaths_teller teller;
	int reserve_fd; /* nothing but a place in our table, for a log that comes when clients have all others; or -1 */
};

/* Everything around that is not ignored here would end us by default: pkill -HUP reaches us too. */
static const struct signals_config service_signals = {
	.taken = SIGNALS_BIT(SIGTERM) | SIGNALS_BIT(SIGQUIT) | SIGNALS_BIT(SIGINT),
	.harmless = SIGNALS_BIT(SIGHUP) | SIGNALS_BIT(SIGUSR1) | SIGNALS_BIT(SIGUSR2) | SIGNALS_BIT(SIGPIPE) |
		    SIGNALS_BIT(SIGALRM) | SIGNALS_BIT(SIGTTIN) | SIGNALS_BIT(SIGTTOU) | SIGNALS_BIT(SIGXFSZ),
	.reset_others = true,
};

static void signals_ready(struct loop_source *source, uint32_t events)
{
	struct service_process *self = container_of(source, struct service_process, signal_source);
	uint32_t came = signals_take(&self->signals);

	(void)events;
	if (came & SIGNALS_BIT(SIGINT))
		engine_kill(self->engine);
	else if (came && channel_send(self->channel_source.fd, CHANNEL_TERM, 0, NULL) < 0)
		engine_drain(self->engine);
}

static void answer(struct service_process *self, enum channel_type type, int value, const char *text)
{
	channel_send(self->channel_source.fd, type, value, text);
}

/* As our supervisor opened it: we may be another user by now, or see other files. fd -1, though wanted: there was no
 * room for it. */
static void take_log(struct service_process *self, const struct channel_message *message, int fd)
{
	bool access = channel_is_access_log(message);
	int r = message->value > 0 ? -EMFILE : 0;

	if (fd >= 0)
		r = log_adopt(access ? &self->service->access_log : self->service->supervisor->config->log, fd);
	if (r < 0)
		report_event(self->service, BROOD_ERROR, access ? "access log not reopened" : "log not reopened",
			(struct log_field[]){ LOG_TEXT("why", strerror(-r)) }, 1);
	answer(self, CHANNEL_REOPENED, r, r < 0 ? strerror(-r) : NULL);
}

static void resize(struct service_process *self, int workers)
{
	struct sentence why = { "" };
	int r = engine_resize(self->engine, workers, &why);

	answer(self, CHANNEL_RESIZED, r, why.text);
}

static void obey(struct service_process *self, const struct channel_message *message, int log_fd)
{
	switch (message->type) {
	case CHANNEL_GO:
		engine_go(self->engine);
		break;
	case CHANNEL_YIELD:
		engine_yield(self->engine);
		answer(self, CHANNEL_QUIET, 0, NULL);
		break;
	case CHANNEL_LEAVE:
		engine_leave(self->engine, (uint32_t)message->value);
		break;
	case CHANNEL_DRAIN:
		engine_drain(self->engine);
		break;
	case CHANNEL_STOP:
		engine_kill(self->engine);
		break;
	case CHANNEL_RESIZE:
		resize(self, message->value);
		break;
	case CHANNEL_LOG_LEVEL:
		self->service->supervisor->config->log->max = (enum brood_level)message->value;
		break;
	case CHANNEL_REOPEN:
		take_log(self, message, log_fd);
		break;
	}
}

/* Opened before the application is loaded, it stands among what is brood's: a worker closes it with its neighbours. */
static void take_reserve(struct service_process *self)
{
	if (self->reserve_fd < 0)
		self->reserve_fd = eventfd(0, EFD_CLOEXEC);
}

static void give_reserve(struct service_process *self)
{
	if (self->reserve_fd >= 0)
		close(self->reserve_fd);
	self->reserve_fd = -1;
}

static void channel_ready(struct loop_source *source, uint32_t events)
{
	struct service_process *self = container_of(source, struct service_process, channel_source);
	struct channel_message message;
	int log_fd, r;

	(void)events;
	/* Before: what finds no place when it is received is gone. Clients are accepted by this very thread; only one
	 * of a handler's own can be faster, and then we go on with the old log, and say so. */
	give_reserve(self);
	r = channel_receive_order(source->fd, &message, &log_fd);
	if (r == 0) {
		obey(self, &message, log_fd);
	} else if (r != -EAGAIN) {
		loop_del(engine_loop(self->engine), source);
		engine_kill(self->engine);
	}
	take_reserve(self);
}

static void lifeline_ready(struct loop_source *source, uint32_t events)
{
	struct service_process *self = container_of(source, struct service_process, lifeline_source);

	(void)events;
	loop_del(engine_loop(self->engine), source);
	engine_kill(self->engine);
}

/* What the listeners are, we know from before the fork; the sockets themselves come through the channel. */
static int take_listeners(struct service_process *self)
{
	struct supervised *service = self->service;
	int fds[CHANNEL_FDS_MAX];
	size_t count;
	int r;

	/* Our parent's numbers mean nothing here. */
	for (size_t i = 0; i < service->listener_count; i++) {
		if (service->listeners[i].fd < 0)
			continue;
		self->listeners[self->listener_count] = service->listeners[i];
		self->listeners[self->listener_count].fd = -1;
		self->listeners[self->listener_count].lock_fd = -1;
		self->listener_count++;
	}
	r = channel_receive_listeners(self->channel_source.fd, fds, &count);
	if (r < 0)
		return r;
	if (count != self->listener_count)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++)
		self->listeners[i].fd = fds[i];
	return 0;
}

static void tell_death(void *arg, pid_t pid, enum end_reason reason, const struct child_exit *ended)
{
	struct service_process *self = arg;
	char text[SENTENCE_SIZE], exit_text[DEATHS_EXIT_SIZE];

	if (!deaths_may_tell(&self->teller, clock_now_ns()))
		return;
	child_exit_text(ended, exit_text, sizeof exit_text);
	deaths_write(text, sizeof text, exit_text, end_reason_name(reason), self->teller.untold);
	if (channel_send(self->channel_source.fd, CHANNEL_DEATH, pid, text) == 0)
		self->teller.untold = 0;
}

static int make_engine(struct service_process *self, int *ret_exit, struct sentence *why)
{
	struct supervised *service = self->service;
	struct supervise_service *config = service->config;
	struct engine_supervised supervised = {
		.board = &service->board,
		.log = service->supervisor->config->log,
		.access_log = service->access_log.path ? &service->access_log : NULL,
		.listeners = self->listeners,
		.listener_count = self->listener_count,
		.hold = true,
		.worker_died = tell_death,
		.worker_died_arg = self,
	};
	int r = confine_process(service, ret_exit, why);

	if (r < 0)
		return r;
	if (config->open) {
		r = config->open(config, ret_exit, why);
		if (r < 0)
			return r;
	}
	self->engine = engine_new(&service->supervisor->zone);
	if (!self->engine)
		return sentence_set(why, -errno, "cannot make the engine: %s", strerror(errno));
	r = brood_add_sized(self->engine, &config->service, sizeof config->service);
	if (r < 0) {
		*ret_exit = config->config_at ? EX_CONFIG : EX_USAGE;
		return sentence_set(why, r, "%s%s%s", config->config_at ? config->config_at : "",
			config->config_at ? ": " : "", brood_error(self->engine));
	}
	r = engine_supervise(self->engine, &supervised);
	if (r == 0)
		r = brood_start(self->engine);
	return r < 0 ? sentence_set(why, r, "%s", brood_error(self->engine)) : 0;
}

static int listen_to_orders(struct service_process *self)
{
	struct loop *loop = engine_loop(self->engine);
	int r;

	self->signal_source = (struct loop_source){ .fd = self->signals.fd, .ready = signals_ready };
	self->channel_source.ready = channel_ready;
	self->lifeline_source.ready = lifeline_ready;
	r = loop_add(loop, &self->signal_source, EPOLLIN);
	if (r == 0)
		r = loop_add(loop, &self->channel_source, EPOLLIN);
	if (r == 0)
		r = loop_add(loop, &self->lifeline_source, 0); /* EPOLLHUP is always reported */
	return r;
}

/* A stack begins anywhere in its page, and each page of it in use is copied for each forked worker and for us. From the top
 * of a page, the frames from the loop down to the fork share one; what starting up used further down is given back
 * (docs/decisions/fork-cost.md). */
static __attribute__((noinline)) int run_from_top_of_page(struct brood *engine)
{
	size_t rest_of_page = (uintptr_t)__builtin_frame_address(0) % PAGE_SIZE_USUAL;
	volatile char unused[rest_of_page + 1];

	unused[0] = 0;
	(void)unused[0]; /* or the compiler would leave it out */
	/* But for the page just below, which this very call may use. Failing, it costs time and nothing else. */
	madvise((char *)((uintptr_t)unused & ~(uintptr_t)(PAGE_SIZE_USUAL - 1)) - PAGE_SIZE_USUAL - STACK_GIVEN_BACK,
		STACK_GIVEN_BACK, MADV_DONTNEED);
	return brood_run(engine);
}

static int serve(struct service_process *self, struct sentence *why)
{
	int r = listen_to_orders(self);

	if (r < 0) {
		sentence_set(why, r, "no room in the loop: %s", strerror(-r));
		return EX_SOFTWARE;
	}
	/* Unheard, we would serve until the load deadline, and then be killed for not being ready. */
	r = channel_send(self->channel_source.fd, CHANNEL_READY, 0, NULL);
	if (r < 0) {
		sentence_set(why, r, "cannot tell the supervisor: %s", strerror(-r));
		return EX_SOFTWARE;
	}
	r = run_from_top_of_page(self->engine);
	if (r >= 0)
		return EXIT_SUCCESS;
	if (engine_gave_up(self->engine))
		return EX_TEMPFAIL;
	sentence_set(why, r, "%s", brood_error(self->engine));
	return EX_SOFTWARE;
}

/* For exit(3) in load, or in an iterative handler: what our parent registered with atexit is not ours to run. What is in
 * stdio's buffers is: the supervisor emptied its own before the first fork. */
static void leave(int status, void *arg)
{
	(void)arg;
	fflush(NULL);
	leak_check();
	_exit(status);
}

static struct service_process *new_self(struct supervised *service, int channel_fd, int lifeline_fd)
{
	struct service_process *self = zone_take(&service->supervisor->zone, sizeof *self);

	if (!self)
		_exit(EX_OSERR);
	*self = (struct service_process){
		.service = service,
		.signals.fd = -1,
		.channel_source.fd = channel_fd,
		.lifeline_source.fd = lifeline_fd,
		.reserve_fd = -1,
	};
	return self;
}

_Noreturn void service_process_run(struct supervised *service, int channel_fd, int lifeline_fd)
{
	struct service_process *self = new_self(service, channel_fd, lifeline_fd);
	struct sentence why = { "" };
	int give_up_status = 0;
	int status = EX_SOFTWARE;
	int r;

	/* Others do not fork, and would only need more memory. */
	if (service->effective.model == BROOD_FORK || service->effective.model == BROOD_PREFORK) {
		lineage_end();
		joint_make();
	}
	on_exit(leave, NULL);
	r = signals_open(&self->signals, &service_signals);
	if (r == 0)
		r = take_listeners(self);
	take_reserve(self);
	if (r < 0)
		sentence_set(&why, r, "no listeners from the supervisor: %s", strerror(-r));
	else
		r = make_engine(self, &give_up_status, &why);
	if (r == 0)
		status = serve(self, &why);
	else if (give_up_status != 0)
		status = give_up_status;
	if (why.text[0])
		channel_send(channel_fd, CHANNEL_FAILED, give_up_status, why.text);
	brood_free(self->engine);
	leave(status, NULL);
	abort();
}
