/* SPDX-License-Identifier: MIT */
#include "core/service_life.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/accept.h"
#include "core/access_tell.h"
#include "core/admission.h"
#include "core/arena.h"
#include "core/engine_private.h"
#include "core/harvest.h"
#include "core/host.h"
#include "core/lines.h"
#include "core/pool.h"
#include "core/refuse.h"
#include "process/descriptors.h"
#include "transport/open.h"

#define URL_SEPARATORS " \t\n"

struct service *service_new(struct brood *engine, const struct brood_service *effective)
{
	struct service *service = calloc(1, sizeof *service);

	if (!service)
		return NULL;
	service->ledger = zone_take(engine->zone, sizeof *service->ledger);
	if (!service->ledger) {
		free(service);
		return NULL;
	}
	service->ledger->service = service;
	service->engine = engine;
	service->config = *effective;
	service->access_format = access_line_format(effective->access_log);
	service->app = effective->app;
	service->ledger->accept_state = ACCEPT_CLOSED;
	service->board.fd = -1;
	list_init(&service->ledger->out);
	list_init(&service->ledger->pool.free);
	return service;
}

void service_free(struct service *service)
{
	zone_give(service->engine->zone, service->ledger, sizeof *service->ledger);
	free(service);
}

static int leave_out_of_forks(const struct service *service)
{
	const struct zone *zone = service->engine->zone;
	int r = zone_leave_out_of_forks(zone);

	return r < 0 ? r : zone_leave_out_too(zone, service->ledger, sizeof *service->ledger);
}

static void add_acceptor(struct service *service, const struct listener *listener)
{
	struct ledger *ledger = service->ledger;

	ledger->acceptors[ledger->acceptor_count++] = (struct acceptor){ .listener = *listener, .service = service };
}

static int take_listeners(struct service *service, const struct engine_supervised *supervised)
{
	if (supervised->listener_count > ENGINE_LISTENERS)
		return sentence_set(&service->engine->why, -E2BIG, "service %s has more than %d listeners",
			service->config.name, ENGINE_LISTENERS);
	for (size_t i = 0; i < supervised->listener_count; i++)
		add_acceptor(service, &supervised->listeners[i]);
	service->ledger->held = supervised->hold;
	service->access_log = supervised->access_log;
	return 0;
}

int service_open(struct service *service)
{
	struct brood *engine = service->engine;
	struct open_options options = { .backlog = service->config.backlog, .workers = service->config.workers };
	struct listener found[ENGINE_LISTENERS];
	char *urls, *save = NULL;
	size_t count;
	int r = 0;

	/* A start that failed may be tried again; what it had opened is closed. */
	service->ledger->acceptor_count = 0;
	if (engine->supervised)
		return take_listeners(service, engine->supervised);
	if (service->supervised_only)
		return sentence_set(&engine->why, -EINVAL,
			"service %s: %s changes the process, and this one is yours: use brood_main, or do it "
			"yourself",
			service->config.name, service->supervised_only);
	urls = strdup(service->config.listen ? service->config.listen : "");
	if (!urls)
		return -ENOMEM;
	for (char *url = strtok_r(urls, URL_SEPARATORS, &save); url; url = strtok_r(NULL, URL_SEPARATORS, &save)) {
		r = open_listeners(url, &options, found, ENGINE_LISTENERS - service->ledger->acceptor_count, &count,
			&engine->why);
		if (r < 0)
			break;
		for (size_t i = 0; i < count; i++)
			add_acceptor(service, &found[i]);
	}
	free(urls);
	if (r == 0 && service->ledger->acceptor_count == 0)
		r = sentence_set(
			&engine->why, -EINVAL, "service %s listens nowhere: .listen is empty", service->config.name);
	return r < 0 ? r : access_open(service, &engine->why);
}

int service_load(struct service *service)
{
	const struct brood_handler *handler = &service->config.handler;
	int r;

	service->app = service->config.app;
	r = handler->load ? handler->load(&service->app) : 0;
	if (r < 0)
		return sentence_set(&service->engine->why, r, "service %s: load failed: %s", service->config.name,
			strerrordesc_np(-r));
	service->loaded = true;
	return 0;
}

/* How many may be out at once, until somebody resizes it. */
static uint64_t bound_of(const struct service *service)
{
	const struct brood_service *config = &service->config;

	if (config->model == BROOD_ITERATIVE)
		return engine_slots(config);
	if (config->model == BROOD_EVENT)
		return (uint64_t)config->workers * (uint64_t)config->max_conns;
	return (uint64_t)(config->model == BROOD_THREAD ? config->threads : config->workers);
}

int service_open_board(struct service *service)
{
	const struct engine_supervised *supervised = service->engine->supervised;
	unsigned int slots = engine_slots(&service->config);
	size_t area_size = engine_area_size(&service->config);
	const struct model_ops *ops = engine_model_ops(service->config.model);
	int r;

	if (supervised) {
		if (supervised->board->count < slots || supervised->board->area_size != area_size)
			return -EINVAL;
		service->board = *supervised->board;
		service->board_borrowed = true;
		/* Next to the others that a child keeps: it closes what lies between, piece by piece (inherit.c). */
		service->board.fd = fcntl(supervised->board->fd, F_DUPFD_CLOEXEC, 0);
		if (service->board.fd < 0)
			return -errno;
		service->board.view = NULL;
		service->board.loan = NULL;
	} else {
		r = board_open(&service->board, slots, area_size);
		if (r < 0)
			return r;
	}
	service->ledger->tally = board_tally(&service->board);
	tally_set(&service->ledger->tally->started_ns, (uint64_t)clock_now_ns());
	tally_set(&service->ledger->tally->capacity, bound_of(service));
	/* Workers that publish see nobody's slot, so that none can spoil another's; standing ones see their own. */
	if ((ops->publishes || ops->standing) &&
		madvise(service->board.pages, service->board.size, MADV_DONTFORK) < 0)
		return -errno;
	return 0;
}

/* Between a loop's look and its accept another worker may be quicker: then the loop would sleep in accept, with all its clients.
 * And the flags of what was given to us are not ours to change. */
static int refuse_blocking(const struct service *service)
{
	const struct ledger *ledger = service->ledger;

	for (size_t i = 0; i < ledger->acceptor_count; i++) {
		const struct listener *listener = &ledger->acceptors[i].listener;

		if (listener->shared && !listener->connected && !(fcntl(listener->fd, F_GETFL) & O_NONBLOCK))
			return sentence_set(&service->engine->why, -EINVAL,
				"service %s: %s blocks, and model %s accepts by loops: give it O_NONBLOCK (systemd: "
				"NonBlocking=yes), or choose another model",
				service->config.name, listener->url, service->model.ops->name);
	}
	return 0;
}

/* Where connections are kept: with the service process, or in each standing worker. */
static int open_connections(struct service *service)
{
	const struct ledger *ledger = service->ledger;
	int r = 0;

	if (!service->model.ops->standing)
		return pool_open(service);
	if (service->model.ops->many)
		r = refuse_blocking(service);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ledger->acceptor_count; i++)
		if (ledger->acceptors[i].listener.connected)
			return sentence_set(&service->engine->why, -EINVAL,
				"service %s: %s is a connection already, and model %s accepts its clients itself: "
				"choose "
				"iterative, fork or thread",
				service->config.name, ledger->acceptors[i].listener.url, service->model.ops->name);
	r = harvest_open(service);
	/* Of each other workers need to know for limits alone. */
	if (r == 0 && service->admission)
		r = board_view(&service->board);
	return r < 0 ? r : arena_open(service);
}

/* Said once, at start: later it is a pause that nobody can explain. */
static void warn_of_open_files(const struct service *service)
{
	const struct model *model = &service->model;
	int bound = model->ops->room(model);
	int used = descriptors_end();
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || used < 0)
		return;
	room = limit.rlim_cur > (rlim_t)used ? (limit.rlim_cur - (rlim_t)used) / (rlim_t)model->ops->descriptors : 0;
	if (room < (rlim_t)bound)
		model->host->log(model->service, BROOD_WARN, CAUSE_NONE,
			"the limit of %llu open files leaves room for about %llu clients at once, not for %d",
			(unsigned long long)limit.rlim_cur, (unsigned long long)room, bound);
}

int service_start(struct service *service)
{
	struct brood *engine = service->engine;
	struct model *model = &service->model;
	int r = admission_open(service);

	if (r < 0)
		return r;
	*model = (struct model){
		.ops = engine_model_ops(service->config.model),
		.host = &host_ops,
		.service = service,
		.loop = engine->loop,
		.zone = engine->zone,
		.config = engine_model_config(&service->config),
		.pid = getpid(),
	};
	model->config.keeps = service->config.last_words_size > 0;
	model->config.supervised = engine->supervised != NULL;
	model->config.worker_copies = engine->supervised && (model->ops->publishes || model->ops->standing);
	model->config.life_fd = engine->life_pipe[0];
	model->config.board_fd = service->board.fd;

	if (model->config.worker_copies)
		r = leave_out_of_forks(service);
	if (r == 0)
		r = open_connections(service);
	if (r == 0)
		r = model->ops->start(model);
	if (r < 0 && engine->why.text[0])
		return r;
	if (r < 0)
		return sentence_set(&engine->why, r, "service %s: cannot start model %s: %s", service->config.name,
			model->ops->name, strerrordesc_np(-r));
	service->model_started = true;
	warn_of_open_files(service);
	return accept_open(service);
}

static uint64_t dropped_by_kernel(const struct ledger *ledger)
{
	uint64_t dropped = 0;

	for (size_t i = 0; i < ledger->acceptor_count; i++)
		dropped += ledger->acceptors[i].dropped;
	return dropped;
}

static void log_summary(struct service *service)
{
	const struct ledger *ledger = service->ledger;
	const struct tally *tally = service->ledger->tally;
	struct log_field fields[] = {
		LOG_UINT("accepted", tally->accepted),
		LOG_UINT("ended", tally->ended),
		LOG_UINT("refused", tally->refused),
		LOG_UINT("written_off", tally->written_off),
		LOG_UINT("pauses", tally->pauses),
		LOG_UINT("accept_errors", tally->accept_errors),
		LOG_UINT("worker_errors", tally->place_errors),
		LOG_UINT("unfinished", ledger->out_count),
		LOG_UINT("dropped", dropped_by_kernel(ledger)),
	};

	lines_flush(service);
	log_write(service->engine->log, &(struct log_record){
						.level = BROOD_INFO,
						.service = service->config.name,
						.message = "stopped",
						.fields = fields,
						.field_count = sizeof fields / sizeof *fields,
					});
}

/* A datagram's descriptor is its listener's, so a lost thread may still send by that number: then it stays open. */
static void close_listeners(struct service *service)
{
	bool orderly = !service->engine->supervised;

	for (size_t i = 0; i < service->ledger->acceptor_count; i++) {
		struct listener *listener = &service->ledger->acceptors[i].listener;

		if (service->ledger->out_count == 0 || !listener->transport->datagram)
			open_close(listener, orderly);
		else if (orderly)
			open_unlink(listener);
	}
}

void service_stop(struct service *service)
{
	accept_close(service);
	refuse_stop(service);
	if (service->model_started) {
		log_summary(service);
		service->model.ops->stop(&service->model);
	}
	service->model_started = false;
	lines_close(service);
	access_close(service);
	close_listeners(service);
	/* Threads that never came back may still use their connection, and what load made. */
	if (service->ledger->out_count > 0)
		return;
	if (service->loaded && service->config.handler.unload)
		service->config.handler.unload(service->app);
	service->loaded = false;
	pool_close(service);
	arena_close(service);
	harvest_close(service);
	board_unmap(&service->board);
	admission_close(service);
	if (service->board_borrowed && service->board.fd >= 0)
		close(service->board.fd);
	else
		board_close(&service->board);
	service->board.fd = -1;
}
