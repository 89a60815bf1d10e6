/* SPDX-License-Identifier: MIT */
#include "core/crowd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/accept.h"
#include "core/accept_shared.h"
#include "core/admission.h"
#include "core/arena_check.h"
#include "core/burden.h"
#include "core/crowd_private.h"
#include "core/share.h"
#include "core/take.h"
#include "core/tell.h"
#include "process/descriptors.h"
#include "process/pages.h"

/* Until somebody says go: seldom longer than it takes another process to let go of the listeners. */
#define CLOSED_LOOK_MS 2

/* From one that gave way to the next: until then its place may have been taken by who waited. */
#define SHARE_NEXT_MS 20

static struct crowd *crowd_of(const struct arena *arena)
{
	return arena->crowd;
}

/* What a worker has open beside its clients, and something for its handler. */
#define SPARE_DESCRIPTORS 32

/* Of addresses, for what is not a client's: the program, its libraries and its heap. */
#define SPARE_ADDRESSES ((rlim_t)128 << 20)

/* What each bound of the machine's leaves room for; RLIM_INFINITY: any number. */
static rlim_t room_for_descriptors(void)
{
	int used = descriptors_end();
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || used < 0)
		return RLIM_INFINITY;
	used += SPARE_DESCRIPTORS;
	return limit.rlim_cur > (rlim_t)used ? limit.rlim_cur - (rlim_t)used : 1;
}

static rlim_t room_for_addresses(const struct service *service)
{
	const struct pool_layout layout = pool_layout(service, 1);
	rlim_t each = (rlim_t)strands_stack_size(&service->model.config) + STACKS_GUARD_BYTES + layout.size +
		      sizeof(struct brood_conn) + sizeof(struct strand) + sizeof(struct seat);
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return RLIM_INFINITY;
	return limit.rlim_cur > SPARE_ADDRESSES + each ? (limit.rlim_cur - SPARE_ADDRESSES) / each : 1;
}

static rlim_t room_for_stacks(const struct service *service)
{
	unsigned int stacks = stacks_machine_bound();

	(void)service;
	return stacks < UINT_MAX ? stacks + (stacks == 0) : RLIM_INFINITY;
}

/* As many as are wanted, or as there is room for: which is said, once. */
static unsigned int bound_of(const struct service *service)
{
	const struct {
		const char *what;
		rlim_t room;
	} bounds[] = {
		{ "the limit of open files", room_for_descriptors() },
		{ "the limit of addresses (RLIMIT_AS)", room_for_addresses(service) },
		{ "vm.max_map_count", room_for_stacks(service) },
	};
	unsigned int bound = (unsigned int)service->model.config.max_conns;
	enum brood_level level = bound == MODEL_CONNS ? BROOD_INFO : BROOD_WARN; /* nobody asked for so many */

	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		if (bounds[i].room >= bound)
			continue;
		service->model.host->log(service->model.service, level, CAUSE_NONE,
			"%s leaves room for %llu clients at once in each worker, not for %u", bounds[i].what,
			(unsigned long long)bounds[i].room, bound);
		bound = (unsigned int)bounds[i].room;
	}
	return bound;
}

/* Connections whose memory is opened at a time. */
#define OPENED_AT_ONCE 64

static size_t page_end(size_t size)
{
	return (size + ARENA_PAGE - 1) / ARENA_PAGE * ARENA_PAGE;
}

int crowd_open(struct service *service)
{
	unsigned int most = bound_of(service);
	const struct pool_layout layout = pool_layout(service, most);
	size_t strands_at = page_end(most * sizeof(struct brood_conn));
	size_t kits_at = strands_at + page_end(most * sizeof(struct strand));
	size_t extras_at = kits_at + page_end(most * sizeof(uint32_t));
	struct crowd *crowd = pages_new(sizeof *crowd);
	char *memory = pages_reserve(extras_at + layout.size);

	if (!crowd || !memory) {
		pages_free(crowd, sizeof *crowd);
		pages_give_up(memory, extras_at + layout.size);
		return -ENOMEM;
	}
	crowd->arena = service->arena;
	crowd->memory = memory;
	crowd->memory_size = extras_at + layout.size;
	crowd->ledger.pool = (struct pool){
		.conns = (void *)memory,
		.count = most,
		.layout = layout,
		.extras = memory + extras_at,
		.free_kits = (void *)(memory + kits_at),
	};
	crowd->all_strands = (void *)(memory + strands_at);
	service->arena->crowd = crowd;
	return 0;
}

void crowd_close(struct arena *arena)
{
	struct crowd *crowd = arena->crowd;

	if (!crowd)
		return;
	pages_give_up(crowd->memory, crowd->memory_size);
	pages_free(crowd, sizeof *crowd);
	arena->crowd = NULL;
}

static int open_some(void *array, size_t each, unsigned int from, unsigned int count)
{
	return each ? pages_open((char *)array + from * each, count * each) : 0;
}

static unsigned int some(const struct pool *pool, unsigned int from)
{
	return pool->count - from < OPENED_AT_ONCE ? pool->count - from : OPENED_AT_ONCE;
}

int crowd_open_conns(struct crowd *crowd, unsigned int from)
{
	const struct pool *pool = &crowd->ledger.pool;
	const struct pool_layout *layout = &pool->layout;
	unsigned int count = some(pool, from);
	int r = 0;

	if (from % OPENED_AT_ONCE != 0)
		return 0;
	r = open_some(pool->conns, sizeof(struct brood_conn), from, count);
	if (r == 0)
		r = open_some(crowd->all_strands, sizeof(struct strand), from, count);
	if (r == 0)
		r = open_some(pool->free_kits, sizeof *pool->free_kits, from, count);
	if (r == 0)
		r = open_some(pool->extras, layout->state_size, from, count);
	if (r == 0)
		r = open_some(pool->extras + layout->cold_at, sizeof(struct conn_cold), from, count);
	return r;
}

int crowd_open_kits(struct crowd *crowd, unsigned int from)
{
	const struct pool *pool = &crowd->ledger.pool;

	if (from % OPENED_AT_ONCE != 0)
		return 0;
	return open_some(pool->extras + pool->layout.kits_at, pool->layout.kit_size, from, some(pool, from));
}

/* ---- Becoming one ---- */

/* The numbers of these sockets are ours for as long as we live; whatever is in the file system is not. */
static void take_listeners(struct crowd *crowd)
{
	const struct arena *arena = crowd->arena;
	struct ledger *ledger = &crowd->ledger;

	for (size_t i = 0; i < arena->listener_count; i++) {
		struct listener *listener = &ledger->acceptors[i].listener;

		*listener = arena->listeners[i];
		listener->fd = arena->queue_fds[i];
		listener->lock_fd = -1;
		listener->path[0] = '\0';
		ledger->acceptors[i].service = arena->service;
		if (arena->listeners[i].fd != arena->queue_fds[i])
			close(arena->listeners[i].fd);
	}
	ledger->acceptor_count = arena->listener_count;
	accept_shared_deal(ledger, atomic_load(&arena->standing->rank));
}

static int become_engine(struct crowd *crowd)
{
	struct service *service = crowd->arena->service;
	struct ledger *ledger = &crowd->ledger;
	struct model *model = &service->model;
	int r = loop_init(&crowd->loop);

	if (r < 0)
		return r;
	engine_become_worker(service->engine, service, &crowd->loop);
	ledger->service = service;
	ledger->tally = &crowd->tally;
	ledger->held = true;
	list_init(&ledger->out);
	list_init(&ledger->pool.free);
	list_init(&crowd->untold);
	take_listeners(crowd);
	if (service->admission && admission_own_size(&service->config) > 0)
		admission_own(service->admission, &service->config,
			(char *)crowd->arena->standing + standing_sources_at(service->config.max_conns));
	service->ledger = ledger;
	service->crowd = crowd;
	model->ops = &model_event_inner;
	model->loop = &crowd->loop;
	model->state = &crowd->strands;
	return strands_init(&crowd->strands, model, crowd->all_strands, (int)ledger->pool.count,
		&crowd->arena->standing->running);
}

/* ---- What it is told ---- */

static void leave(struct crowd *crowd, uint32_t queues)
{
	struct service *service = crowd->arena->service;

	if (crowd->leaving)
		return;
	crowd->leaving = true;
	loop_disarm(&crowd->loop, &crowd->open_timer);
	service->model.draining = true;
	engine_worker_leaves(service->engine);
	accept_leave(service, ~queues);
	strands_drain(&crowd->strands);
	tell_leaving(crowd->arena);
	tell_wake(crowd->arena);
	engine_check_over(service->engine);
}

static void end_everything(struct crowd *crowd)
{
	struct service *service = crowd->arena->service;

	crowd->leaving = crowd->unheard = true;
	service->model.draining = service->model.killed = true;
	engine_worker_leaves(service->engine);
	accept_close(service);
	strands_cancel(&crowd->strands);
	engine_check_over(service->engine);
}

/* In a process of brood's own we do not outlive our parent anyhow. */
static bool is_alone(const struct arena *arena)
{
	return !arena->service->engine->supervised && getppid() != arena->parent;
}

static void obey(struct crowd *crowd)
{
	const struct standing *standing = crowd->arena->standing;

	if (is_alone(crowd->arena)) {
		end_everything(crowd);
		return;
	}
	switch (atomic_load(&standing->order)) {
	case STANDING_LEAVE:
		leave(crowd, 0);
		break;
	case STANDING_EMPTY:
		leave(crowd, atomic_load_explicit(&standing->queues, memory_order_relaxed));
		break;
	default:
		/* Somebody else takes no more: clients that the kernel told only him of are there for us. */
		accept_listen_anew(crowd->arena->service);
		break;
	}
}

static void signal_ready(struct loop_source *source, uint32_t events)
{
	struct crowd *crowd = container_of(source, struct crowd, signal_source);
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof info) > 0)
		continue;
	obey(crowd);
}

/* A hang-up: the draining itself we are told by order. */
static void life_ready(struct loop_source *source, uint32_t events)
{
	struct crowd *crowd = container_of(source, struct crowd, life_source);

	(void)events;
	loop_del(&crowd->loop, source);
	end_everything(crowd);
}

static void look_whether_open(struct loop_timer *timer)
{
	struct crowd *crowd = container_of(timer, struct crowd, open_timer);

	if (atomic_load(&crowd->arena->standing->open))
		accept_go(crowd->arena->service);
	else
		loop_arm(&crowd->loop, timer, crowd->loop.now_ns + CLOSED_LOOK_MS * NS_PER_MS);
}

/* All are full, and somebody waits: of those who are between two requests some go. */
static void look_whether_to_share(struct loop_timer *timer)
{
	struct crowd *crowd = container_of(timer, struct crowd, share_timer);
	const struct standing *standing = crowd->arena->standing;
	bool gone = atomic_load_explicit(&standing->waiting, memory_order_relaxed) && crowd_give_way(crowd);

	if (gone || atomic_load_explicit(&standing->full, memory_order_relaxed))
		loop_arm(
			&crowd->loop, timer, crowd->loop.now_ns + (gone ? SHARE_NEXT_MS : SHARE_LOOK_MS) * NS_PER_MS);
}

static void turn(struct loop_timer *timer)
{
	struct crowd *crowd = container_of(timer, struct crowd, turn_timer);

	struct pool *pool = &crowd->ledger.pool;

	/* A batch in each turn, so that nobody waits for all of it. */
	if (pool_trim_kits(pool) == POOL_TRIM_BATCH)
		loop_arm(&crowd->loop, timer, 0);
	else if (crowd->clients > 0 || pool->free_kit_count > pool->cold_kits + POOL_KITS_KEPT)
		loop_arm(&crowd->loop, timer, crowd->loop.now_ns + CROWD_TURN_MS * NS_PER_MS);
}

/* Blocked, so that it interrupts no handler's system call: it is a word to the loop. */
static int hear_signal(struct crowd *crowd)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, GATE_SIGNAL);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	crowd->signal_source.fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return crowd->signal_source.fd < 0 ? -errno : 0;
}

static int listen_to_orders(struct crowd *crowd)
{
	int r = hear_signal(crowd);

	crowd->signal_source.ready = signal_ready;
	crowd->life_source = (struct loop_source){ .fd = crowd->arena->life_fd, .ready = life_ready };
	crowd->open_timer.fire = look_whether_open;
	crowd->turn_timer.fire = turn;
	crowd->share_timer.fire = look_whether_to_share;
	if (r == 0)
		r = loop_add(&crowd->loop, &crowd->signal_source, EPOLLIN);
	if (r == 0)
		r = loop_add(&crowd->loop, &crowd->life_source, 0); /* EPOLLHUP is always reported */
	if (r == 0)
		r = accept_open(crowd->arena->service);
	return r < 0 ? r : loop_arm(&crowd->loop, &crowd->open_timer, 0);
}

/* ---- All of its life ---- */

/* For whoever chooses .stack_kib: of this the handlers' share is what is left above our own. */
static void tell_deepest_stack(const struct crowd *crowd)
{
	struct service *service = crowd->arena->service;

	if (service->engine->log->max >= BROOD_DEBUG)
		service->model.host->log(service, BROOD_DEBUG, CAUSE_NONE, "the deepest stack was %zu KiB of %zu",
			stacks_high_water(&crowd->strands.fibers.stacks) / 1024,
			crowd->strands.fibers.stacks.size / 1024);
}

static int stand(struct crowd *crowd)
{
	struct arena *arena = crowd->arena;
	int r = 0;

	crowd_watch_stacks(crowd);
	tell_ready(arena);
	obey(crowd);
	while (engine_is_worker_on(arena->service->engine) && r == 0) {
		if (crowd->clients == 0)
			arena_check(arena);
		r = loop_turn(&crowd->loop, -1);
		slot_add(&arena->standing->turns, 1);
	}
	tell_leaving(arena);
	accept_close(arena->service);
	crowd_park_out(crowd);
	tell_deepest_stack(crowd);
	arena->service->model.ops->stop(&arena->service->model);
	return r;
}

int crowd_stand(struct service *service, unsigned int index, pid_t parent)
{
	struct arena *arena = service->arena;
	const struct brood_host_ops *host = service->model.host;
	int r;

	arena->index = index;
	arena->parent = parent;
	arena->standing = service->board.loan;
	r = take_prepare(arena);
	if (r < 0)
		goto tell;
	r = become_engine(crowd_of(arena));
	if (r == 0)
		r = listen_to_orders(crowd_of(arena));
	if (r < 0)
		goto stop_worker;
	r = stand(crowd_of(arena));
	host->worker_stop(service);
	return r;

stop_worker:
	host->worker_stop(service);
tell:
	tell_failed(arena, r);
	return r;
}
