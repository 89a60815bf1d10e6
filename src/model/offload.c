/* SPDX-License-Identifier: MIT */
#include "model/offload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- In a thread ---- */

static struct offload_job *take_job(struct offload *offload)
{
	struct offload_job *job;

	while (list_empty(&offload->queue) && !offload->quitting) {
		offload->idle++;
		pthread_cond_wait(&offload->work, &offload->lock);
		offload->idle--;
	}
	if (list_empty(&offload->queue))
		return NULL;
	job = container_of(offload->queue.next, struct offload_job, link);
	list_remove(&job->link);
	job->state = OFFLOAD_TAKEN;
	offload->queued--;
	return job;
}

/* Woken once for all that are done until the loop looks. */
static void give_back(struct offload *offload, struct offload_job *job)
{
	bool first = list_empty(&offload->done);
	uint64_t one = 1;

	job->state = OFFLOAD_DONE;
	list_append(&offload->done, &job->link);
	/* An eventfd write fails only when the counter is about to overflow; then it is readable anyway. */
	if (first && write(offload->done_source.fd, &one, sizeof one) < 0)
		return;
}

/* A child that fn forked, and in which it returned, has this thread alone, and our eventfd: it must not go on. */
static void end_stray_child(const struct offload *offload)
{
	if (getpid() != offload->pid)
		_exit(EXIT_FAILURE);
}

static void *thread_main(void *arg)
{
	struct offload *offload = arg;
	struct offload_job *job;

	pthread_mutex_lock(&offload->lock);
	while ((job = take_job(offload))) {
		pthread_mutex_unlock(&offload->lock);
		job->fn(job->arg);
		end_stray_child(offload);
		pthread_mutex_lock(&offload->lock);
		give_back(offload, job);
	}
	pthread_mutex_unlock(&offload->lock);
	return NULL;
}

/* ---- In the loop's thread ---- */

/* Signals are for the loop, and for the handlers in it. */
static int add_thread(struct offload *offload)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	pthread_attr_setstacksize(&attributes, offload->stack_size);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&offload->threads[offload->started], &attributes, thread_main, offload);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r == 0)
		offload->started++;
	return -r;
}

int offload_begin(struct offload *offload, struct offload_job *job)
{
	bool needs_thread;

	job->state = OFFLOAD_QUEUED;
	pthread_mutex_lock(&offload->lock);
	list_append(&offload->queue, &job->link);
	/* Idle threads that were already woken for earlier jobs still count as idle: hence the queue's length. */
	needs_thread = ++offload->queued > offload->idle && offload->started < OFFLOAD_THREADS;
	pthread_cond_signal(&offload->work);
	pthread_mutex_unlock(&offload->lock);
	offload->out++;
	/* Where there are others, it waits for one of them. */
	if (!needs_thread || add_thread(offload) == 0 || offload->started > 0)
		return 0;
	offload_withdraw(offload, job);
	return -EAGAIN;
}

bool offload_withdraw(struct offload *offload, struct offload_job *job)
{
	bool withdrawn;

	pthread_mutex_lock(&offload->lock);
	withdrawn = job->state == OFFLOAD_QUEUED;
	if (withdrawn) {
		list_remove(&job->link);
		offload->queued--;
	}
	pthread_mutex_unlock(&offload->lock);
	if (withdrawn)
		offload->out--;
	return withdrawn;
}

static void done_ready(struct loop_source *source, uint32_t events)
{
	struct offload *offload = container_of(source, struct offload, done_source);
	struct list now;
	uint64_t count;

	(void)events;
	list_init(&now);
	if (read(source->fd, &count, sizeof count) < 0)
		return;
	pthread_mutex_lock(&offload->lock);
	list_take_all(&now, &offload->done);
	pthread_mutex_unlock(&offload->lock);
	while (!list_empty(&now)) {
		struct offload_job *job = container_of(now.next, struct offload_job, link);

		list_remove(&job->link);
		offload->out--;
		job->done(job);
	}
}

int offload_init(struct offload *offload, struct loop *loop, size_t stack_size)
{
	int r;

	if (stack_size < OFFLOAD_STACK_KIB * 1024)
		stack_size = OFFLOAD_STACK_KIB * 1024;
	*offload = (struct offload){ .loop = loop, .stack_size = stack_size, .pid = getpid() };
	offload->done_source.ready = done_ready;
	offload->done_source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (offload->done_source.fd < 0)
		return -errno;
	r = loop_add(loop, &offload->done_source, EPOLLIN);
	if (r < 0) {
		close(offload->done_source.fd);
		return r;
	}
	list_init(&offload->queue);
	list_init(&offload->done);
	pthread_mutex_init(&offload->lock, NULL);
	pthread_cond_init(&offload->work, NULL);
	return 0;
}

bool offload_fini(struct offload *offload)
{
	loop_del(offload->loop, &offload->done_source);
	if (offload->out > 0)
		return false;
	pthread_mutex_lock(&offload->lock);
	offload->quitting = true;
	pthread_cond_broadcast(&offload->work);
	pthread_mutex_unlock(&offload->lock);
	for (unsigned int i = 0; i < offload->started; i++)
		pthread_join(offload->threads[i], NULL);
	close(offload->done_source.fd);
	pthread_cond_destroy(&offload->work);
	pthread_mutex_destroy(&offload->lock);
	return true;
}
