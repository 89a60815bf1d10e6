/* SPDX-License-Identifier: MIT */
/*
 * From a URL to listeners: which kind of URL is opened by whom, which settings it may have, and the way
 * back. Invariant: a failure leaves nothing open and no path behind. Called by the supervisor and by engines
 * that are embedded.
 */
#include "transport/open.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "transport/open_fd.h"
#include "transport/open_inet.h"
#include "transport/open_job.h"
#include "transport/open_unix.h"
#include "transport/open_vsock.h"
#include "transport/unix_mode.h"

#define BACKLOG_DEFAULT 4096

/* A setting that would be ignored is an error: somebody relies on it. */
static int check_settings(struct open_job *job)
{
	struct sentence reason;

	if (url_check_settings(&job->url, &reason) < 0)
		return open_job_refuse(job, -EINVAL, "%s", reason.text);
	return 0;
}

static int open_kind(struct open_job *job)
{
	switch (job->url.scheme) {
	case URL_TCP:
	case URL_UDP:
		return open_inet(job);
	case URL_UNIX:
	case URL_UNIXGRAM:
		return open_unix(job);
	case URL_VSOCK:
		return open_vsock(job);
	case URL_FD:
		return open_fd(job);
	}
	return open_job_failed(job, -EINVAL);
}

int open_listeners(const char *url, const struct open_options *options, struct listener *ret_listeners, size_t max,
	size_t *ret_count, struct sentence *why)
{
	struct open_job job = {
		.text = url,
		.backlog = options && options->backlog > 0 ? options->backlog : BACKLOG_DEFAULT,
		.listeners = ret_listeners,
		.max = max,
		.why = why,
	};
	int r = url_parse(url, strlen(url), &job.url, why);

	if (r < 0)
		return r;
	r = max > 0 ? check_settings(&job) : open_job_failed(&job, -ENOBUFS);
	if (r == 0) {
		job.sockets = url_sockets(&job.url, options ? options->workers : 0);
		r = open_kind(&job);
	}
	if (r < 0) {
		open_job_undo(&job);
		return r;
	}
	*ret_count = job.count;
	return 0;
}

int open_change(const struct listener *listener, const char *url, bool apply, struct sentence *why)
{
	struct open_job job = { .text = url, .why = why };
	struct unix_mode mode;
	int r = url_parse(url, strlen(url), &job.url, why);

	if (r == 0)
		r = check_settings(&job);
	if (r < 0 || !listener->path[0])
		return r;
	r = unix_mode_parse(&job, &mode);
	if (r == 0 && apply)
		r = unix_mode_change(listener->path, listener->path_dev, listener->path_ino, &mode);
	if (r < 0 && apply)
		return open_job_refuse(&job, r, "cannot set its mode or owner: %s", strerror(-r));
	return r;
}

void open_close(struct listener *listener, bool orderly)
{
	/* Path before socket: a closed socket's inode number may be somebody else's at once. */
	if (orderly)
		open_unix_remove(listener);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
	/* Without a word to the lock: a child that closes its copies must not release its parent's. */
	if (listener->lock_fd >= 0)
		close(listener->lock_fd);
	listener->lock_fd = -1;
}

void open_unlink(struct listener *listener)
{
	open_unix_remove(listener);
}
