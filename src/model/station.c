/* SPDX-License-Identifier: MIT */
#include "model/station.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "contract/model.h"
#include "model/held.h"
#include "platform/clone.h"

static const struct standing_host_ops *host_of(const struct station *station)
{
	return station->owner->model->host->standing;
}

static struct service *service_of(const struct station *station)
{
	return station->owner->model->service;
}

static struct standing *area_of(const struct station *station)
{
	return host_of(station)->area(service_of(station), station->index);
}

void station_init(struct station *station, struct station_owner *owner, unsigned int index)
{
	*station = (struct station){ .owner = owner, .index = index, .keeper = KEEPER_NONE, .worker.pidfd = -1 };
}

/* ---- Its end ---- */

/* Somebody has its table: the keeper, or itself as long as it lives. */
static int table_of(const struct station *station)
{
	return station->keeper.child.pidfd >= 0 ? station->keeper.child.pidfd : station->worker.pidfd;
}

static void be_free(struct station *station, int error)
{
	struct standing *standing = area_of(station);

	atomic_store(&standing->state, STANDING_GONE);
	station->asked = false;
	station->after = NULL;
	station->told = STANDING_STAY;
	station->owner->freed(station->owner, station, error);
}

/* Else it may be that none will: they are not made as quickly as they die. */
static bool did_anything(const struct station *station, const struct child_exit *ended)
{
	const struct standing *standing = area_of(station);

	if (station_state(station) == STANDING_STARTING)
		return false;
	return atomic_load(&standing->served) > 0 || (ended->code == CLD_EXITED && ended->status == EXIT_SUCCESS);
}

/* What was held against it was so while it had one client. With another one, it has come back. */
static void forgive(struct station *station, uint64_t client)
{
	if (station->ended_for == client)
		return;
	station->ended_for = client;
	station->ended_as = END_NONE;
	station->ladder = (struct ladder){ 0 };
	station->stall = (struct stall){ 0 };
}

/* The client whose handler has the worker. */
static const struct seat *in_hand(const struct station *station)
{
	return host_of(station)->in_hand(service_of(station), station->index);
}

static bool serves_many(const struct station *station)
{
	return station->owner->model->ops->many;
}

/* Which one that is: nothing but a change is of interest. */
static uint64_t client_of(const struct station *station)
{
	const struct seat *seat = in_hand(station);

	if (!serves_many(station))
		return atomic_load(&area_of(station)->served);
	return seat ? (uint64_t)atomic_load_explicit(&seat->accepted_ns, memory_order_relaxed) : 0;
}

/* Nobody's handler ran: then the slot of none says what it means for all. */
static enum end_reason reason_of(const struct station *station, const struct child_exit *ended)
{
	static const struct slot nobody;
	const struct seat *seat = in_hand(station);

	enum end_reason reason =
		held_reason(station->owner->model, seat ? &seat->slot : &nobody, station->ended_as, ended);

	return reason == END_HANDLER_CRASHED && atomic_load(&area_of(station)->overflow) ? END_STACK_OVERFLOW
											 : reason;
}

/* It is reaped: its ends are told, and the one of the client that it had. That somebody is gone who never stood is no news
 * of its own. */
static void tell_gone(struct station *station, pid_t pid, const struct child_exit *ended, bool stood)
{
	const struct standing *standing = area_of(station);
	enum end_reason reason;

	forgive(station, client_of(station));
	reason = reason_of(station, ended);
	host_of(station)->harvest(service_of(station), station->index, pid);
	if (stood || atomic_load(&standing->state) == STANDING_BUSY)
		host_of(station)->gone(
			service_of(station), station->index, pid, reason, ended, station->keeper.child.pidfd);
	keeper_clean(&station->keeper);
}

static void end_worker(struct station *station, const struct child_exit *ended)
{
	loop_del(station->owner->model->loop, &station->source);
	station->was_idle = station->was_idle || did_anything(station, ended);
	/* While the station is not free: nobody else gets its area before it is told of. */
	if (serves_many(station) && station->was_idle && station->owner->ended)
		station->owner->ended(station->owner, station);
	child_close(&station->worker);
	tell_gone(station, station->worker.pid, ended, true);
	be_free(station, 0);
}

bool station_check(struct station *station)
{
	struct child_exit ended;

	if (station->worker.pidfd < 0 || child_reap(&station->worker, &ended) < 0)
		return false;
	end_worker(station, &ended);
	return true;
}

static void worker_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	station_check(container_of(source, struct station, source));
}

/* KILL cannot be caught, so the wait is short. */
static void end_at_once(struct station *station, struct child_exit *ret_ended)
{
	struct pollfd ended = { .fd = station->worker.pidfd, .events = POLLIN };

	station_kill(station);
	while (child_reap(&station->worker, ret_ended) == -EAGAIN)
		poll(&ended, 1, -1);
	loop_del(station->owner->model->loop, &station->source);
	child_close(&station->worker);
}

/* One that a keeper made, and that we do not hold. The first look says whether the pid is still its own: where an embedding
 * program ignores SIGCHLD, or waits for all its children, somebody else's may have it by now. */
static void end_by_pid(pid_t pid, struct child_exit *ret_ended)
{
	siginfo_t info = { .si_pid = 0 };

	*ret_ended = (struct child_exit){ .code = 0 };
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return;
	kill(pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			return;
	ret_ended->code = info.si_code;
	ret_ended->status = info.si_status;
}

/* ---- Its beginning ---- */

static int watch_worker(struct station *station, const struct child *child)
{
	struct child_exit ended;
	int r;

	station->worker = *child;
	atomic_store(&area_of(station)->pid, child->pid);
	station->source = (struct loop_source){ .fd = child->pidfd, .ready = worker_ready };
	r = loop_add(station->owner->model->loop, &station->source, EPOLLIN);
	if (r == 0)
		return 0;
	/* Nobody would see it end. It may have taken a client already. */
	end_at_once(station, &ended);
	tell_gone(station, child->pid, &ended, false);
	return r;
}

/* In the child, where nothing of ours but the model is in sight any more if processes are our own. */
static _Noreturn void run_worker(struct model *model, unsigned int index)
{
	const struct standing_host_ops *host = model->host->standing;
	int r;

	if (host->enter(model->service, index, -1) < 0)
		_exit(EXIT_FAILURE);
	if (!model->config.supervised)
		held_catch_exit(model);
	r = host->stand(model->service, index, model->pid);
	held_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int spawn_worker(struct station *station)
{
	struct model *model = station->owner->model;
	unsigned int index = station->index;
	struct child child;
	int r = child_spawn(!model->config.supervised, &child);

	if (r == 0)
		run_worker(model, index);
	return r < 0 ? r : watch_worker(station, &child);
}

/* Its parent is us, so its pid is its own until we have reaped it. Whom we cannot hold must not live: the next worker here
 * would have the same area. */
static int take_worker(struct station *station, pid_t pid)
{
	struct child child = { .pid = pid };
	struct child_exit ended;

	if (pid < 0)
		return pid;
	child.pidfd = clone_pidfd_open(pid);
	if (child.pidfd >= 0)
		return watch_worker(station, &child);
	end_by_pid(pid, &ended);
	tell_gone(station, pid, &ended, false);
	return child.pidfd;
}

static void keeper_ready(struct loop_source *source, uint32_t events)
{
	struct station *station = container_of(source, struct station, channel_source);
	pid_t pid;
	int r = keeper_answer(&station->keeper, &pid);

	(void)events;
	if (r == -EAGAIN)
		return;
	if (r == 0) {
		r = take_worker(station, pid);
	} else {
		loop_del(station->owner->model->loop, source);
		keeper_end(&station->keeper);
	}
	if (r < 0 && station->asked)
		be_free(station, r);
	station->asked = false;
	/* It may have been told before it could be sent a signal. */
	if (station->told != STANDING_STAY)
		station_remind(station);
	if (station->owner->model->killed)
		station_kill(station);
}

static int spawn_keeper(struct station *station)
{
	struct loop *loop = station->owner->model->loop;
	int r = keeper_start(&station->keeper, station->owner->model, station->index);

	if (r < 0)
		return r;
	station->channel_source = (struct loop_source){ .fd = station->keeper.channel, .ready = keeper_ready };
	r = loop_add(loop, &station->channel_source, EPOLLIN);
	if (r < 0)
		keeper_end(&station->keeper);
	return r;
}

static int spawn(struct station *station)
{
	int r = 0;

	if (!station->owner->keeps)
		return spawn_worker(station);
	if (station->keeper.child.pidfd < 0)
		r = spawn_keeper(station);
	if (r == 0)
		r = keeper_ask(&station->keeper);
	station->asked = r == 0;
	return r;
}

int station_start(struct station *station, int limit, enum standing_order told)
{
	int r = host_of(station)->lend(service_of(station), station->index);

	if (r < 0)
		return r;
	atomic_store(&area_of(station)->limit, (uint32_t)limit);
	atomic_store(&area_of(station)->order, told);
	atomic_store(&area_of(station)->queues, station->owner->queues);
	atomic_store(&area_of(station)->open, station->owner->open);
	atomic_store(&area_of(station)->asleep, station->owner->asleep);
	atomic_store(&area_of(station)->rank, station->rank);
	atomic_store(&area_of(station)->workers, station->owner->workers);
	station->told = told;
	station->was_idle = false;
	station->after = NULL;
	station->seen_state = STANDING_STARTING;
	station->seen_served = station->expired = station->seen_turns = 0;
	station->turned_ns = station->owner->model->loop->now_ns;
	station->ladder = (struct ladder){ 0 };
	station->stall = (struct stall){ 0 };
	station->ended_as = END_NONE;
	station->ended_for = 0;
	r = spawn(station);
	if (r < 0)
		atomic_store(&area_of(station)->state, STANDING_GONE);
	return r;
}

/* ---- In between ---- */

enum standing_state station_state(const struct station *station)
{
	const struct standing *standing = area_of(station);
	uint32_t state = atomic_load(&standing->state);

	if (station->asked)
		return STANDING_STARTING;
	return state > STANDING_GONE && state < STANDING_STATES ? (enum standing_state)state : STANDING_BUSY;
}

/* Only one that waits, or is about to, gets a signal: what is in the middle of its work would be interrupted there, and
 * sees the word when it is done (one that serves many hears it in its loop, always). Either we see here that it is idle again, or
 * it sees the word (core/take.c). */
void station_remind(struct station *station)
{
	enum standing_state state = station_state(station);

	if (station->worker.pidfd >= 0 &&
		(state == STANDING_IDLE || state == STANDING_STARTING || serves_many(station)))
		child_signal(&station->worker, SIGURG);
}

void station_tell(struct station *station, enum standing_order kind)
{
	station->told = kind;
	station->told_ns = station->owner->model->loop->now_ns;
	atomic_store(&area_of(station)->queues, station->owner->queues);
	atomic_store(&area_of(station)->order, kind);
}

static int64_t late_ns(const struct slot *slot, int64_t now_ns)
{
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);

	return must_end_ns > 0 && now_ns >= must_end_ns ? now_ns - must_end_ns : -1;
}

static void expire(struct station *station, uint64_t client)
{
	if (station->expired == client)
		return;
	station->expired = client;
	host_of(station)->expire(service_of(station), station->index, table_of(station));
}

static uint64_t progress_of(const struct station *station)
{
	const struct standing *standing = area_of(station);
	const struct seat *seat = in_hand(station);
	uint64_t progress = atomic_load_explicit(&standing->served, memory_order_relaxed) +
			    atomic_load_explicit(&standing->turns, memory_order_relaxed);

	if (!seat)
		return progress;
	return progress + atomic_load_explicit(&seat->slot.requests, memory_order_relaxed) +
	       atomic_load_explicit(&seat->slot.bytes_in, memory_order_relaxed) +
	       atomic_load_explicit(&seat->slot.bytes_out, memory_order_relaxed);
}

/* With clients in its hands the loop of one that serves many turns each second at least (core/crowd.c). */
static bool stands_still(struct station *station, int64_t now_ns)
{
	const struct standing *standing = area_of(station);
	uint64_t turns = atomic_load_explicit(&standing->turns, memory_order_relaxed);

	if (!serves_many(station))
		return false;
	if (turns != station->seen_turns || atomic_load_explicit(&standing->clients, memory_order_relaxed) == 0) {
		station->seen_turns = turns;
		station->turned_ns = now_ns;
	}
	return now_ns - station->turned_ns >= station->owner->model->config.stall_loop_ms * NS_PER_MS;
}

static enum end_reason to_be_ended_as(struct station *station, bool look_for_stall, int64_t late, int64_t now_ns)
{
	const struct model_config *config = &station->owner->model->config;

	if (late >= config->kill_after_ms * NS_PER_MS)
		return END_WORKER_KILLED;
	if (stands_still(station, now_ns))
		return END_WORKER_STUCK;
	if (look_for_stall && stall_look(&station->stall, station->worker.pid, progress_of(station),
				      config->stall_cpu_ms * NS_PER_MS) > 0)
		return END_WORKER_STUCK;
	return END_NONE;
}

/* Its client is let go at once; the worker itself has kill_after to come back. */
void station_sweep(struct station *station, bool look_for_stall, int64_t now_ns)
{
	/* First of all: if the worker goes on to another one meanwhile, it is that one's deadline that we see. */
	uint64_t client = client_of(station);
	const struct seat *seat = in_hand(station);
	int64_t late = seat ? late_ns(&seat->slot, now_ns) : -1;

	if (station->worker.pidfd < 0)
		return;
	if (late >= 0)
		expire(station, client);
	if (station->owner->model->config.kill_after_ms < 0)
		return;
	forgive(station, client);
	if (station->ended_as == END_NONE)
		station->ended_as = to_be_ended_as(station, look_for_stall, late, now_ns);
	if (station->ended_as != END_NONE)
		ladder_climb(&station->ladder, &station->worker, now_ns);
}

void station_kill(struct station *station)
{
	if (station->worker.pidfd >= 0)
		child_signal(&station->worker, SIGKILL);
}

/* ---- Both at once ---- */

void station_fini(struct station *station)
{
	struct child_exit ended;
	pid_t pid;

	loop_del(station->owner->model->loop, &station->channel_source);
	if (station->asked && keeper_last_answer(&station->keeper, &pid) == 0 && pid > 0)
		end_by_pid(pid, &ended);
	keeper_end(&station->keeper);
	station->asked = false;
	if (station->worker.pidfd >= 0)
		end_at_once(station, &ended);
}

void station_forget(struct station *station)
{
	keeper_close(&station->keeper);
	child_close(&station->worker);
}
