/* SPDX-License-Identifier: MIT */
#include "model/strand.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "contract/transport.h"
#include "model/wait.h"

_Static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT, "what wait is asked for is what the loop is asked for");

/* Beside the handler's share: what libc and core need of a stack. */
#define STACK_EXTRA_KIB 64

/* Free stacks that are kept warm whatever happens, and how often it is looked for others. */
#define STACKS_KEPT    32
#define STACKS_TRIM_MS 1000

/* From one try to the next to get a stack for somebody who was parked. */
#define NO_STACK_MS 10

/* Beyond reading and writing: then a short read does not mean that there is nothing more. */
#define UNUSUAL (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)

static void go_on(struct strands *strands, struct strand *strand, int woken);

static struct strands *strands_of(const struct brood_conn *conn)
{
	return conn->model->state;
}

static struct strand *strand_of(const struct brood_conn *conn)
{
	return &strands_of(conn)->all[conn->index];
}

/* ---- In the loop ---- */

static bool is_asleep(const struct strand *strand)
{
	return strand->state == STRAND_WAITS || strand->state == STRAND_PARKED;
}

static void make_ready(struct strands *strands, struct strand *strand, int woken)
{
	strand->woken = woken;
	strand->state = STRAND_READY;
	list_append(&strands->ready, &strand->link);
	if (!strands->ready_timer.place)
		loop_arm(strands->loop, &strands->ready_timer, 0);
}

static void end(struct strands *strands, struct strand *strand)
{
	struct brood_conn *conn = strand->conn;

	loop_disarm(strands->loop, &strand->timer);
	/* Closing takes it out of the loop, unless a child of the handler's has it, too. */
	if (strands->model->host->is_shared(conn))
		loop_del(strands->loop, &strand->source);
	else
		loop_forget(strands->loop, &strand->source);
	strand->state = STRAND_FREE;
	strands->out--;
	strands->model->host->ended(conn, END_NONE, NULL);
}

/* 0: it will be heard. Asked for again only when more is asked for than before. */
static int watch(struct strands *strands, struct strand *strand, uint32_t events)
{
	uint32_t wanted = strand->watched | events | EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
	int r;

	if (strand->source.added && strand->watched == wanted)
		return 0;
	r = strand->source.added ? loop_mod(strands->loop, &strand->source, wanted)
				 : loop_add(strands->loop, &strand->source, wanted);
	if (r == 0)
		strand->watched = wanted;
	return r;
}

static void set_deadline(struct strands *strands, struct strand *strand, int64_t deadline_ns)
{
	strand->deadline_ns = deadline_ns;
	if (deadline_ns != CONN_NEVER && (!strand->timer.place || strand->timer.at_ns > deadline_ns))
		loop_arm(strands->loop, &strand->timer, deadline_ns);
}

/* What its client has said already is a request that was made: it is served. */
static void end_park(struct strands *strands, struct strand *strand)
{
	struct brood_conn *conn = strand->conn;

	make_ready(strands, strand, conn->transport->readable(conn) ? 0 : -ESHUTDOWN);
}

/* We drain, and the client, who does not know, may be sending: its park goes on for a little while. */
static void drain_park(struct strands *strands, struct strand *strand)
{
	int64_t until_ns = strands->loop->now_ns + strands->model->config.last_chance_ms * NS_PER_MS;

	if (strands->model->config.last_chance_ms == 0 || strand->conn->transport->readable(strand->conn) ||
		watch(strands, strand, 0) < 0) {
		end_park(strands, strand);
		return;
	}
	strand->last_chance = true;
	strand->events = EPOLLIN;
	set_deadline(
		strands, strand, until_ns < strand->conn->parked_until_ns ? until_ns : strand->conn->parked_until_ns);
}

/* It keeps no stack while its client is silent. What came already is served in the next turn, after others. */
static void park(struct strands *strands, struct strand *strand)
{
	struct brood_conn *conn = strand->conn;
	int r;

	if (strands->model->killed) {
		make_ready(strands, strand, -ECANCELED);
		return;
	}
	if (strands->model->draining && strand->begun) {
		drain_park(strands, strand);
		return;
	}
	r = watch(strands, strand, 0);
	if (r < 0 || (!conn->drained && conn->transport->readable(conn))) {
		make_ready(strands, strand, r);
		return;
	}
	strand->events = EPOLLIN;
	set_deadline(strands, strand, conn->parked_until_ns);
}

/* Its fiber has stopped, for whatever reason. */
static void settle(struct strands *strands, struct strand *strand)
{
	if (strand->state == STRAND_PARKED)
		park(strands, strand);
	else if (strand->state == STRAND_OVER && strand->sends)
		strand->state = STRAND_SENDS;
	else if (strand->state == STRAND_OVER)
		end(strands, strand);
}

/* The whole of a fiber. */
static void run(void *arg)
{
	struct strand *strand = arg;
	struct strands *strands = strands_of(strand->conn);

	strand->fiber = fiber_running(&strands->fibers);
	strand->begun = true;
	if (strands->model->host->serve_some(strand->conn, strand->woken))
		strand->state = STRAND_PARKED;
	else
		strand->state = STRAND_OVER;
	strand->fiber = NULL;
}

static int run_some(struct strands *strands, struct strand *strand)
{
	int r = 0;

	strand->state = STRAND_RUNS;
	atomic_store_explicit(strands->running, strand->conn->index + 1, memory_order_relaxed);
	if (strand->fiber)
		fiber_resume(&strands->fibers, strand->fiber);
	else
		r = fiber_start(&strands->fibers, run, strand);
	atomic_store_explicit(strands->running, 0, memory_order_relaxed);
	return r;
}

static void go_on(struct strands *strands, struct strand *strand, int woken)
{
	strand->woken = woken;
	strand->events = 0;
	strand->last_chance = false;
	if (run_some(strands, strand) == 0) {
		settle(strands, strand);
		return;
	}
	/* What it would have done is done when others have given back their stacks. */
	strand->state = STRAND_READY;
	list_append(&strands->starved, &strand->link);
	if (!strands->starved_timer.place)
		loop_arm(strands->loop, &strands->starved_timer, strands->loop->now_ns + NO_STACK_MS * NS_PER_MS);
}

static void source_ready(struct loop_source *source, uint32_t events)
{
	struct strand *strand = container_of(source, struct strand, source);
	struct brood_conn *conn = strand->conn;

	if (events & (EPOLLIN | UNUSUAL))
		conn->drained = false;
	if (events & UNUSUAL)
		conn->peeks = true;
	if (is_asleep(strand) && strand->events && events & (strand->events | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		go_on(strands_of(conn), strand, 0);
}

static void timer_fires(struct loop_timer *timer)
{
	struct strand *strand = container_of(timer, struct strand, timer);
	struct strands *strands = strands_of(strand->conn);

	if (!is_asleep(strand) || strand->deadline_ns == CONN_NEVER)
		return;
	if (strand->deadline_ns > strands->loop->now_ns)
		loop_arm(strands->loop, timer, strand->deadline_ns);
	else
		go_on(strands, strand, strand->last_chance ? -ESHUTDOWN : -ETIMEDOUT);
}

/* Whoever becomes ready meanwhile has his turn in the next one. */
static void run_all(struct strands *strands, struct list *ready)
{
	struct list now;

	list_init(&now);
	list_take_all(&now, ready);
	while (!list_empty(&now)) {
		struct strand *strand = container_of(now.next, struct strand, link);

		list_remove(&strand->link);
		go_on(strands, strand, strand->woken);
	}
}

static void run_ready(struct loop_timer *timer)
{
	struct strands *strands = container_of(timer, struct strands, ready_timer);

	run_all(strands, &strands->ready);
}

static void run_starved(struct loop_timer *timer)
{
	struct strands *strands = container_of(timer, struct strands, starved_timer);

	run_all(strands, &strands->starved);
}

static void trim(struct loop_timer *timer)
{
	struct strands *strands = container_of(timer, struct strands, trim_timer);
	unsigned int given = stacks_trim(&strands->fibers.stacks, STACKS_KEPT);

	/* A batch in each turn, so that nobody waits for all of it. */
	if (given == STACKS_TRIM_BATCH)
		loop_arm(strands->loop, timer, 0);
	else if (strands->fibers.stacks.warm > STACKS_KEPT || strands->fibers.alive > 0 || strands->out > 0)
		loop_arm(strands->loop, timer, strands->loop->now_ns + STACKS_TRIM_MS * NS_PER_MS);
}

int strand_begin(struct strands *strands, struct brood_conn *conn)
{
	struct strand *strand = &strands->all[conn->index];
	int r = 0;

	*strand = (struct strand){ .conn = conn, .source = { .fd = conn->fd, .ready = source_ready } };
	strand->timer.fire = timer_fires;
	strands->out++;
	if (conn->index >= strands->used)
		strands->used = conn->index + 1;
	if (strands->model->host->waits_for_client(conn))
		strand->state = STRAND_PARKED;
	else
		r = run_some(strands, strand);
	if (r < 0) {
		strand->state = STRAND_FREE;
		strands->out--;
		return r;
	}
	if (!strands->trim_timer.place)
		loop_arm(strands->loop, &strands->trim_timer, strands->loop->now_ns + STACKS_TRIM_MS * NS_PER_MS);
	settle(strands, strand);
	return 0;
}

bool strand_is_parked(const struct brood_conn *conn)
{
	return strand_of(conn)->state == STRAND_PARKED;
}

void strand_end_park(struct brood_conn *conn)
{
	end_park(strands_of(conn), strand_of(conn));
}

void strands_drain(struct strands *strands)
{
	for (unsigned int i = 0; i < strands->used; i++)
		if (strands->all[i].state == STRAND_PARKED && strands->all[i].begun)
			drain_park(strands, &strands->all[i]);
}

void strands_cancel(struct strands *strands)
{
	for (unsigned int i = 0; i < strands->used; i++) {
		struct strand *strand = &strands->all[i];

		if (is_asleep(strand))
			make_ready(strands, strand, -ECANCELED);
		else if (strand->state == STRAND_READY)
			strand->woken = -ECANCELED;
	}
}

void strand_wake(struct brood_conn *conn)
{
	struct strand *strand = strand_of(conn);

	if (strand->state == STRAND_WAITS)
		go_on(strands_of(conn), strand, 0);
}

/* ---- Answers to datagrams ---- */

/* Those of one socket leave by one call; one that cannot is tried alone, so that what is wrong is known to be wrong with it. */
static int send_some(struct brood_conn *const *conns, int count, int results[])
{
	const struct transport_ops *transport = conns[0]->transport;
	int same = 1, sent;

	while (same < count && conns[same]->fd == conns[0]->fd)
		same++;
	sent = transport->finish_some(conns, same);
	for (int i = 0; i < sent; i++)
		results[i] = 0;
	if (sent == same)
		return sent;
	results[sent] = transport->finish(conns[sent]);
	return sent + 1;
}

static int take_batch(struct list *sending, struct brood_conn *conns[TRANSPORT_BATCH])
{
	int count = 0;

	while (count < TRANSPORT_BATCH && !list_empty(sending)) {
		struct strand *strand = container_of(sending->next, struct strand, link);

		list_remove(&strand->link);
		conns[count++] = strand->conn;
	}
	return count;
}

/* An end may bring others who want to send: those do so in the next turn. */
static void send_answers(struct strands *strands)
{
	struct brood_conn *conns[TRANSPORT_BATCH];
	int results[TRANSPORT_BATCH], count;
	struct list now;

	list_init(&now);
	list_take_all(&now, &strands->sending);
	while ((count = take_batch(&now, conns)) > 0) {
		for (int i = 0; i < count;)
			i += send_some(&conns[i], count - i, &results[i]);
		for (int i = 0; i < count; i++) {
			strands->model->host->answered(conns[i], results[i]);
			end(strands, strand_of(conns[i]));
		}
	}
}

static void answers_due(struct loop_timer *timer)
{
	send_answers(container_of(timer, struct strands, answer_timer));
}

/* ---- All of them ---- */

size_t strands_stack_size(const struct model_config *config)
{
	return (size_t)(config->stack_kib + STACK_EXTRA_KIB) * 1024;
}

int strands_init(
	struct strands *strands, struct model *model, struct strand *all, int most, _Atomic uint32_t *running)
{
	int r;

	*strands = (struct strands){ .model = model,
		.loop = model->loop,
		.most = most,
		.running = running,
		.all = all,
		.ready_timer.fire = run_ready,
		.starved_timer.fire = run_starved,
		.answer_timer.fire = answers_due,
		.trim_timer.fire = trim };
	list_init(&strands->ready);
	list_init(&strands->starved);
	list_init(&strands->sending);
	r = loop_reserve(model->loop, (size_t)most + LOOP_FIRST_HEAP);
	if (r == 0)
		r = offload_init(&strands->offload, model->loop, strands_stack_size(&model->config));
	if (r < 0)
		return r;
	r = fibers_init(&strands->fibers, strands_stack_size(&model->config), (unsigned int)most);
	if (r < 0)
		offload_fini(&strands->offload);
	return r;
}

void strands_fini(struct strands *strands)
{
	loop_disarm(strands->loop, &strands->ready_timer);
	loop_disarm(strands->loop, &strands->starved_timer);
	loop_disarm(strands->loop, &strands->answer_timer);
	loop_disarm(strands->loop, &strands->trim_timer);
	/* A function that has not returned may yet use the stack of the fiber that waits for it. */
	if (offload_fini(&strands->offload))
		fibers_fini(&strands->fibers);
}

/* ---- In a fiber ---- */

static int suspend(struct strands *strands, struct strand *strand)
{
	fiber_suspend(&strands->fibers);
	return strand->woken;
}

int strand_wait(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain)
{
	struct strands *strands = strands_of(conn);
	struct strand *strand = strand_of(conn);
	int r;

	/* The loop is not its own. */
	if (strands->model->host->is_stray(conn)) {
		conn->drained = false;
		return wait_poll(conn, events, deadline_ns, watch_drain);
	}
	if (strands->model->killed)
		return -ECANCELED;
	if (watch_drain && strands->model->draining)
		return -ESHUTDOWN;
	/* A datagram is all here; and nobody waits to send one. */
	if (events && conn->transport->datagram)
		return 0;
	r = events ? watch(strands, strand, (uint32_t)events) : 0;
	if (r < 0)
		return r;
	strand->events = (uint32_t)events;
	strand->state = STRAND_WAITS;
	set_deadline(strands, strand, deadline_ns);
	return suspend(strands, strand);
}

int strand_sleep(struct brood_conn *conn, int64_t deadline_ns)
{
	struct strands *strands = strands_of(conn);
	struct strand *strand = strand_of(conn);

	strand->events = 0;
	strand->state = STRAND_WAITS;
	set_deadline(strands, strand, deadline_ns);
	return suspend(strands, strand);
}

/* The turn in hand may bring more of them: they leave in the next. */
void strand_send_later(struct brood_conn *conn)
{
	struct strands *strands = strands_of(conn);
	struct strand *strand = strand_of(conn);

	strand->sends = true;
	list_append(&strands->sending, &strand->link);
	if (!strands->answer_timer.place)
		loop_arm(strands->loop, &strands->answer_timer, 0);
}

void strand_breathe(struct brood_conn *conn)
{
	struct strands *strands = strands_of(conn);

	if (strands->model->host->is_stray(conn))
		return;
	make_ready(strands, strand_of(conn), 0);
	suspend(strands, strand_of(conn));
}
