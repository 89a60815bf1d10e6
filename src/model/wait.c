/* SPDX-License-Identifier: MIT */
#include "model/wait.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/model.h"

/* poll(2) passes over negative descriptors, and reports a hang-up whatever it was asked for. */
int wait_poll(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain)
{
	const struct model_config *config = &conn->model->config;
	struct pollfd fds[] = {
		{ .fd = config->life_fd, .events = watch_drain ? POLLIN : 0 },
		{ .fd = events ? conn->fd : -1, .events = events },
	};
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
	return fds[1].revents ? 0 : -ESHUTDOWN;
}
