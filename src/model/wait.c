/* SPDX-License-Identifier: MIT */
#include "model/wait.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/model.h"

int wait_seen(short revents)
{
	return revents & POLLNVAL ? -EBADF : revents;
}

int wait_look_fd(int fd, short events)
{
	struct pollfd own = { .fd = fd, .events = events };

	return poll(&own, 1, 0) > 0 ? wait_seen(own.revents) : 0;
}

/* own: what is ready; 0: it is not, but the service drains. poll(2) passes over negative descriptors, and reports a hang-up
 * whatever it was asked for. */
static int poll_until(const struct brood_conn *conn, struct pollfd own, int64_t deadline_ns, bool watch_drain)
{
	const struct model_config *config = &conn->model->config;
	struct pollfd fds[] = { { .fd = config->life_fd, .events = watch_drain ? POLLIN : 0 }, own };
	int n;

	for (;;) {
		int timeout_ms = clock_ms_until(deadline_ns, clock_now_ns());

		n = poll(fds, 2, timeout_ms);
		if (n == 0 && clock_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		if (n > 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	if (fds[0].revents & (POLLHUP | POLLERR))
		return -ECANCELED;
	return fds[1].revents;
}

int wait_poll(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain)
{
	const struct pollfd own = { .fd = events ? conn->fd : -1, .events = events };
	int r = poll_until(conn, own, deadline_ns, watch_drain);

	if (r < 0)
		return r;
	return r > 0 ? 0 : -ESHUTDOWN;
}

int wait_poll_fd(struct brood_conn *conn, int fd, short events, int64_t deadline_ns)
{
	int r = poll_until(conn, (struct pollfd){ .fd = fd, .events = events }, deadline_ns, false);

	return r < 0 ? r : wait_seen((short)r);
}
