/* SPDX-License-Identifier: MIT */
#include "core/pace.h"

#include <poll.h>

#include "base/clock.h"
#include "core/service.h"
#include "platform/direct.h"

/* Beyond this, nobody is too slow for as long as a deadline can be. */
#define FOREVER_SEC INT64_C(1000000)

int64_t pace_left_ns(const struct conn_pace *pace, int64_t bytes, int rate)
{
	int64_t may_ns = PACE_GRACE_MS * NS_PER_MS, earned_ns;

	if (bytes < 0)
		bytes = 0;
	if (bytes / rate >= FOREVER_SEC)
		earned_ns = FOREVER_SEC * NS_PER_SEC;
	else
		earned_ns = bytes / rate * NS_PER_SEC + bytes % rate * NS_PER_SEC / rate;
	if (earned_ns > may_ns)
		may_ns = earned_ns;
	return may_ns - pace->waited_ns;
}

void pace_reset(struct brood_conn *conn)
{
	conn->in.begun = conn->out.begun = false;
}

static void begin(struct conn_pace *pace, int64_t from)
{
	if (!pace->begun)
		*pace = (struct conn_pace){ .begun = true, .from = from };
}

static int64_t received(const struct brood_conn *conn)
{
	return (int64_t)atomic_load_explicit(&conn->slot->bytes_in, memory_order_relaxed);
}

/* What has left for good; if the kernel does not say, all that it was given. */
static int64_t taken(const struct brood_conn *conn)
{
	int unsent = direct_unsent(conn->fd);

	return (int64_t)atomic_load_explicit(&conn->slot->bytes_out, memory_order_relaxed) -
	       (unsent > 0 ? unsent : 0);
}

void pace_heard(struct brood_conn *conn, ssize_t size)
{
	begin(&conn->in, received(conn) - size);
}

int64_t pace_for_read(const struct brood_conn *conn, int64_t now_ns)
{
	int rate = conn->service->config.min_rate;

	if (rate < 0 || !conn->in.begun)
		return CONN_NEVER;
	return now_ns + pace_left_ns(&conn->in, received(conn) - conn->in.from, rate);
}

int64_t pace_for_write(struct brood_conn *conn, int64_t now_ns)
{
	int rate = conn->service->config.min_rate;
	int64_t now_taken = taken(conn);

	begin(&conn->out, now_taken);
	conn->out.taken = now_taken;
	if (rate < 0)
		return CONN_NEVER;
	return now_ns + pace_left_ns(&conn->out, now_taken - conn->out.from, rate);
}

void pace_waited(struct brood_conn *conn, short events, int64_t began_ns)
{
	struct conn_pace *pace = events & POLLIN ? &conn->in : &conn->out;

	if (conn->service->config.min_rate > 0)
		pace->waited_ns += clock_now_ns() - began_ns;
}

bool pace_took(const struct brood_conn *conn)
{
	return taken(conn) > conn->out.taken;
}
