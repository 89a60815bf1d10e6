/* SPDX-License-Identifier: MIT */
#include "model/strand_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/model.h"
#include "model/strand.h"
#include "model/wait.h"

_Static_assert(POLLERR == EPOLLERR && POLLHUP == EPOLLHUP, "what the loop reports is what poll(2) would");

/* ---- A function that blocks ---- */

struct errand {
	struct offload_job job;
	struct brood_conn *conn;
	bool over;
};

static void errand_done(struct offload_job *job)
{
	struct errand *errand = container_of(job, struct errand, job);

	errand->over = true;
	strand_wake(errand->conn);
}

int strand_aside_offload(struct brood_conn *conn, void (*fn)(void *arg), void *arg, int64_t deadline_ns)
{
	struct model *model = conn->model;
	struct strands *strands = model->state;
	struct errand errand = { .job = { .fn = fn, .arg = arg, .done = errand_done }, .conn = conn };
	int r;

	/* The threads are its parent's. */
	if (model->host->is_stray(conn)) {
		fn(arg);
		return 0;
	}
	if (model->killed)
		return -ECANCELED;
	r = offload_begin(&strands->offload, &errand.job);
	if (r < 0)
		return r;
	while (!errand.over) {
		r = strand_sleep(conn, deadline_ns);
		if (r == 0 || errand.over)
			continue;
		if (offload_withdraw(&strands->offload, &errand.job))
			return r;
		/* Its thread is in fn and cannot be ended: all that can be let go is the client. */
		model->host->expire(conn);
		deadline_ns = CONN_NEVER;
	}
	return 0;
}

/* ---- A descriptor ---- */

struct vigil {
	struct loop_source source;
	struct brood_conn *conn;
	uint32_t seen;
};

static void vigil_ready(struct loop_source *source, uint32_t events)
{
	struct vigil *vigil = container_of(source, struct vigil, source);

	vigil->seen = events;
	strand_wake(vigil->conn);
}

/* A second strand that waits for the same descriptor does so by a number of its own: epoll has each but once. */
static int watch(struct loop *loop, struct vigil *vigil, int fd, short events)
{
	int r;

	vigil->source = (struct loop_source){ .fd = fd, .ready = vigil_ready };
	r = loop_add(loop, &vigil->source, (uint32_t)events);
	if (r != -EEXIST)
		return r;
	vigil->source.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (vigil->source.fd < 0)
		return -errno;
	r = loop_add(loop, &vigil->source, (uint32_t)events);
	if (r < 0)
		close(vigil->source.fd);
	return r;
}

static void unwatch(struct loop *loop, struct vigil *vigil, int fd)
{
	loop_del(loop, &vigil->source);
	if (vigil->source.fd != fd)
		close(vigil->source.fd);
}

int strand_aside_wait_fd(struct brood_conn *conn, int fd, short events, int64_t deadline_ns)
{
	struct model *model = conn->model;
	struct vigil vigil = { .conn = conn };
	int r;

	if (model->host->is_stray(conn))
		return wait_poll_fd(conn, fd, events, deadline_ns);
	if (model->killed)
		return -ECANCELED;
	/* Also what epoll refuses, since it always is: a regular file. */
	r = wait_look_fd(fd, events);
	if (r != 0)
		return r;
	r = watch(model->loop, &vigil, fd, events);
	if (r < 0)
		return r;
	r = strand_sleep(conn, deadline_ns);
	unwatch(model->loop, &vigil, fd);
	return vigil.seen ? (int)vigil.seen : r;
}
