/* SPDX-License-Identifier: MIT */
#include "core/cold.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>

#include "contract/conn.h"
#include "contract/model.h"

/* On the stack of a thread of offload's. */
#define FETCH_SIZE 16384

struct job {
	int fd;
	char *buf;
	size_t size;
	off_t offset;
	ssize_t result;
};

static bool has_other_clients(const struct brood_conn *conn)
{
	return conn->model->ops->offload != NULL;
}

/* -EAGAIN: not there. -EOPNOTSUPP: this file system cannot tell (tmpfs, FUSE, NFS), so it may be anywhere. */
static ssize_t read_now(int fd, void *buf, size_t size, off_t offset)
{
	struct iovec part = { .iov_base = buf, .iov_len = size };
	ssize_t n = preadv2(fd, &part, 1, offset, RWF_NOWAIT);

	return n < 0 ? -errno : n;
}

static void read_patiently(void *arg)
{
	struct job *job = arg;

	do
		job->result = pread(job->fd, job->buf, job->size, job->offset);
	while (job->result < 0 && errno == EINTR);
	if (job->result < 0)
		job->result = -errno;
}

/* Without a thread to be had others have to wait: better than no answer. */
static int wait_aside(struct brood_conn *conn, void (*fn)(void *arg), struct job *job)
{
	int r = brood_offload(conn, fn, job);

	if (r != -EAGAIN)
		return r;
	fn(job);
	return 0;
}

ssize_t cold_read(struct brood_conn *conn, int fd, void *buf, size_t size, off_t offset)
{
	struct job job = { .fd = fd, .buf = buf, .size = size, .offset = offset };
	ssize_t n;
	int r;

	if (!has_other_clients(conn)) {
		read_patiently(&job);
		return job.result;
	}
	n = read_now(fd, buf, size, offset);
	if (n != -EAGAIN && n != -EOPNOTSUPP && n != -EINTR)
		return n;
	r = wait_aside(conn, read_patiently, &job);
	return r < 0 ? r : job.result;
}

/* What is wrong with the file is told to whoever reads it next. */
static void fetch(void *arg)
{
	struct job *job = arg;
	char scrap[FETCH_SIZE];
	struct job part = { .fd = job->fd, .buf = scrap, .offset = job->offset, .result = 1 };
	size_t left = job->size;

	while (left > 0 && part.result > 0) {
		part.size = left < sizeof scrap ? left : sizeof scrap;
		read_patiently(&part);
		part.offset += part.result > 0 ? part.result : 0;
		left -= part.result > 0 ? (size_t)part.result : 0;
	}
}

/* The kernel reads ahead in runs of about a window's size: where both ends of one are, there is mostly all of it. */
static bool is_there(int fd, off_t offset, size_t size)
{
	char byte;

	return read_now(fd, &byte, 1, offset) >= 0 && read_now(fd, &byte, 1, offset + (off_t)size - 1) >= 0;
}

int cold_fetch(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	struct job job = { .fd = fd, .size = size, .offset = offset };

	if (!has_other_clients(conn) || is_there(fd, offset, size))
		return 0;
	return wait_aside(conn, fetch, &job);
}
