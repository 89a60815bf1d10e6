/* SPDX-License-Identifier: MIT */
/*
 * Model thread: a bounded pool of threads in the service process, made when first needed, kept until the stop. The
 * loop's thread owns every connection before `place` and after `ended`; in between its worker does. One mutex guards
 * the pool and nothing else.
 *
 * A thread that does not come back after its deadline and kill_after is written off: it keeps its place (it may be
 * anywhere, so it cannot be ended) until it returns. Once a quarter are, the process asks to be replaced.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "loop/loop.h"
#include "model/wait.h"

/* What libc and core need of a stack beside the handler's share. */
#define THREAD_STACK_EXTRA_KIB 64

struct pool {
	struct model *model;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct loop_source done_source; /* an eventfd: connections wait in done */
	struct list queue, running, done;
	pthread_t *threads;
	int limit, started, idle, queued;
	int out;   /* loop's thread only: placed and not ended */
	int stuck; /* loop's thread only */
	bool quitting;
};

static int thread_capacity(const struct model_config *config)
{
	return model_places(config->threads);
}

static int thread_room(const struct model *model)
{
	const struct pool *pool = model->state;

	return pool->limit - pool->out;
}

/* Threads that are too many stay, idle; connections are what is bounded. */
static int thread_resize(struct model *model, int workers)
{
	struct pool *pool = model->state;

	if (workers > thread_capacity(&model->config))
		return -E2BIG;
	pthread_mutex_lock(&pool->lock);
	pool->limit = workers;
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

static struct brood_conn *take_work(struct pool *pool)
{
	struct brood_conn *conn;

	while (list_empty(&pool->queue) && !pool->quitting) {
		pool->idle++;
		pthread_cond_wait(&pool->work, &pool->lock);
		pool->idle--;
	}
	if (list_empty(&pool->queue))
		return NULL;
	conn = container_of(pool->queue.next, struct brood_conn, work);
	list_remove(&conn->work);
	list_append(&pool->running, &conn->work);
	pool->queued--;
	return conn;
}

static void give_back(struct pool *pool, struct brood_conn *conn)
{
	bool first = list_empty(&pool->done);
	uint64_t one = 1;

	list_remove(&conn->work);
	list_append(&pool->done, &conn->work);
	/* An eventfd write fails only when the counter is about to overflow; then it is readable anyway. */
	if (first && write(pool->done_source.fd, &one, sizeof one) < 0)
		return;
}

static void serve_one(struct pool *pool, struct brood_conn *conn, int start_error)
{
	if (start_error == 0) {
		pool->model->host->serve(conn);
		return;
	}
	conn->slot->error = start_error;
	atomic_store_explicit(&conn->slot->reason, END_START_FAILED, memory_order_relaxed);
	atomic_store_explicit(&conn->slot->phase, PHASE_OVER, memory_order_relaxed);
}

static void *thread_main(void *arg)
{
	struct pool *pool = arg;
	struct model *model = pool->model;
	int start_error = model->host->worker_start(model->service);
	struct brood_conn *conn;

	pthread_mutex_lock(&pool->lock);
	while ((conn = take_work(pool))) {
		pthread_mutex_unlock(&pool->lock);
		serve_one(pool, conn, start_error);
		pthread_mutex_lock(&pool->lock);
		give_back(pool, conn);
	}
	pthread_mutex_unlock(&pool->lock);
	if (start_error == 0)
		model->host->worker_stop(model->service);
	return NULL;
}

/* brood's threads block all signals: they are the host program's business. */
static int add_thread(struct pool *pool)
{
	size_t stack_size = (size_t)(pool->model->config.stack_kib + THREAD_STACK_EXTRA_KIB) * 1024;
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	pthread_attr_setstacksize(&attributes, stack_size);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&pool->threads[pool->started], &attributes, thread_main, pool);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r == 0)
		pool->started++;
	return -r;
}

/* No thread could be made. With others at work it only has to wait for one of them. */
static int withdraw(struct pool *pool, struct brood_conn *conn, int error)
{
	pthread_mutex_lock(&pool->lock);
	if (pool->started - pool->stuck > 0 || pool->queue.prev != &conn->work) {
		error = 0;
	} else {
		list_remove(&conn->work);
		pool->queued--;
		pool->out--;
	}
	pthread_mutex_unlock(&pool->lock);
	return error;
}

static int thread_place(struct model *model, struct brood_conn *conn)
{
	struct pool *pool = model->state;
	bool needs_thread;
	int r;

	conn->pid = model->pid;
	pool->out++;
	pthread_mutex_lock(&pool->lock);
	list_append(&pool->queue, &conn->work);
	/* Idle threads that were already woken for earlier connections still count as idle: hence the queue's length. */
	needs_thread = ++pool->queued > pool->idle && pool->started < pool->limit;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	if (!needs_thread)
		return 0;
	r = add_thread(pool);
	return r == 0 ? 0 : withdraw(pool, conn, r);
}

static void done_ready(struct loop_source *source, uint32_t events)
{
	struct pool *pool = container_of(source, struct pool, done_source);
	struct list done;
	uint64_t count;

	(void)events;
	list_init(&done);
	if (read(source->fd, &count, sizeof count) < 0)
		return;
	pthread_mutex_lock(&pool->lock);
	while (!list_empty(&pool->done)) {
		struct list *link = pool->done.next;

		list_remove(link);
		list_append(&done, link);
	}
	pthread_mutex_unlock(&pool->lock);

	while (!list_empty(&done)) {
		struct brood_conn *conn = container_of(done.next, struct brood_conn, work);

		list_remove(&conn->work);
		pool->out--;
		if (conn->recorded)
			pool->stuck--;
		pool->model->host->ended(conn, END_NONE, NULL);
	}
}

static int thread_start(struct model *model)
{
	struct pool *pool = calloc(1, sizeof *pool);
	int r = -ENOMEM;

	if (!pool)
		return r;
	*pool = (struct pool){ .model = model, .limit = model->config.threads };
	list_init(&pool->queue);
	list_init(&pool->running);
	list_init(&pool->done);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pool->threads = calloc((size_t)thread_capacity(&model->config), sizeof *pool->threads);
	if (!pool->threads)
		goto free_pool;
	pool->done_source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->done_source.fd < 0) {
		r = -errno;
		goto free_threads;
	}
	pool->done_source.ready = done_ready;
	r = loop_add(model->loop, &pool->done_source, EPOLLIN);
	if (r < 0)
		goto close_done;
	model->state = pool;
	return 0;

close_done:
	close(pool->done_source.fd);
free_threads:
	free(pool->threads);
free_pool:
	free(pool);
	return r;
}

static void thread_sweep(struct model *model, int64_t now_ns)
{
	struct pool *pool = model->state;
	int64_t kill_after_ns =
		model->config.kill_after_ms < 0 ? INT64_MAX / 2 : model->config.kill_after_ms * NS_PER_MS;
	int stuck_before = pool->stuck;

	pthread_mutex_lock(&pool->lock);
	list_each(pos, next, &pool->running) {
		struct brood_conn *conn = container_of(pos, struct brood_conn, work);
		int64_t must_end_ns = atomic_load_explicit(&conn->slot->must_end_ns, memory_order_relaxed);

		if (must_end_ns <= 0 || now_ns < must_end_ns || conn->recorded)
			continue;
		model->host->expire(conn);
		if (now_ns - must_end_ns < kill_after_ns)
			continue;
		pool->stuck++;
		model->host->written_off(conn);
	}
	pthread_mutex_unlock(&pool->lock);
	if (pool->stuck > stuck_before && 4 * pool->stuck >= pool->limit)
		model->host->give_up(model->service, "a quarter of the threads are stuck");
}

/* Threads cannot be ended; their connections can. Sleeping ones hear the life pipe hang up. */
static void thread_kill(struct model *model)
{
	struct pool *pool = model->state;

	pthread_mutex_lock(&pool->lock);
	list_each(pos, next, &pool->running)
		model->host->expire(container_of(pos, struct brood_conn, work));
	pthread_mutex_unlock(&pool->lock);
}

static void thread_stop(struct model *model)
{
	struct pool *pool = model->state;

	if (!pool)
		return;
	model->state = NULL;
	pthread_mutex_lock(&pool->lock);
	pool->quitting = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	loop_del(model->loop, &pool->done_source);
	/* With threads that never came back there is nobody to join and nothing that may be freed: they may yet use
	 * it. brood's own process ends now; an embedding program was told by brood_run. */
	if (pool->out > 0)
		return;
	for (int i = 0; i < pool->started; i++)
		pthread_join(pool->threads[i], NULL);
	close(pool->done_source.fd);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool);
}

const struct model_ops model_thread = {
	.name = "thread",
	.has_control = true,
	.descriptors = 1,
	.accept_batch = 16,
	.capacity = thread_capacity,
	.room = thread_room,
	.start = thread_start,
	.place = thread_place,
	.wait = wait_poll,
	.wait_fd = wait_poll_fd,
	.sweep = thread_sweep,
	.fork = NULL,
	.kill = thread_kill,
	.resize = thread_resize,
	.stop = thread_stop,
};
