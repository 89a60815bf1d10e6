/* SPDX-License-Identifier: MIT */
#include "core/deadline.h"

#include <errno.h>

#include "base/clock.h"
#include "core/engine_private.h"
#include "core/pace.h"
#include "core/service.h"

int64_t deadline_now_ns(const struct brood_conn *conn)
{
	return conn->service->crowd ? conn->service->engine->loop->now_ns : clock_now_ns();
}

/* By so much a worker that speaks HTTP is ahead of what it promised: in that time it tells its client by itself. */
#define SAY_LATE_MS 100

static int64_t from(int64_t start_ns, int ms)
{
	return ms < 0 ? CONN_NEVER : start_ns + ms * NS_PER_MS;
}

/* Whoever watches the worker cannot see its waits; it is told by when it must be over altogether. After brood_fork by
 * the child, who promises for itself. */
static void promise(struct brood_conn *conn)
{
	int64_t must_end_ns = conn->request_ns < conn->total_ns ? conn->request_ns : conn->total_ns;

	if (conn->expired || conn->forked)
		return;
	if (must_end_ns == CONN_NEVER)
		must_end_ns = 0;
	else if (conn->service->config.handler.http)
		must_end_ns += SAY_LATE_MS * NS_PER_MS;
	atomic_store_explicit(&conn->slot->must_end_ns, must_end_ns, memory_order_relaxed);
}

void deadline_begin(struct brood_conn *conn)
{
	const struct brood_service *config = &conn->service->config;

	conn->first_byte_ns = from(conn->accepted_ns, config->first_byte_timeout_ms);
	conn->total_ns = from(conn->accepted_ns, config->total_timeout_ms);
	conn->request_ns = CONN_NEVER;
	conn->request_ms = config->request_timeout_ms;
	conn->idle_ms = config->idle_timeout_ms;
	conn->write_ms = config->write_timeout_ms;
	conn->operations = 0;
	pace_reset(conn);
	if (conn->total_ns != CONN_NEVER)
		promise(conn);
}

void deadline_begin_request(struct brood_conn *conn)
{
	int64_t begin_ns;

	/* Without such a deadline nobody looks at the clock: its pages would be mapped anew by each forked worker. */
	if (conn->request_ms < 0)
		return;
	begin_ns = deadline_now_ns(conn);
	/* The loop may have woken before this client came: of two deadlines that are alike, the one of his first byte is over
	 * first. */
	if (begin_ns <= conn->accepted_ns)
		begin_ns = conn->accepted_ns + 1;
	conn->request_ns = from(begin_ns, conn->request_ms);
	promise(conn);
}

void deadline_end_request(struct brood_conn *conn)
{
	pace_reset(conn);
	if (conn->request_ns == CONN_NEVER)
		return;
	conn->request_ns = CONN_NEVER;
	promise(conn);
	conn_tell(conn);
}

static struct deadline nearer(struct deadline a, int64_t at_ns, enum end_reason reason)
{
	return at_ns < a.at_ns ? (struct deadline){ at_ns, reason } : a;
}

struct deadline deadline_for_sleep(const struct brood_conn *conn)
{
	struct deadline deadline = { conn->total_ns, END_TOTAL_TIMEOUT };

	return nearer(deadline, conn->request_ns, END_REQUEST_TIMEOUT);
}

struct deadline deadline_for_read(const struct brood_conn *conn, int64_t now_ns)
{
	struct deadline deadline = deadline_for_sleep(conn);

	if (!conn->got_byte)
		return nearer(deadline, conn->first_byte_ns, END_FIRST_BYTE_TIMEOUT);
	deadline = nearer(deadline, from(now_ns, conn->idle_ms), END_IDLE_TIMEOUT);
	return nearer(deadline, pace_for_read(conn, now_ns), END_TOO_SLOW);
}

struct deadline deadline_for_write(struct brood_conn *conn, int64_t now_ns)
{
	struct deadline deadline = deadline_for_sleep(conn);

	deadline = nearer(deadline, from(now_ns, conn->write_ms), END_WRITE_TIMEOUT);
	return nearer(deadline, pace_for_write(conn, now_ns), END_TOO_SLOW);
}

/* Under iterative nobody looks while the handler is at work: whatever is said, it says. */
static bool is_watchers(const struct brood_conn *conn, int64_t must_end_ns)
{
	return must_end_ns != 0 && clock_now_ns() >= must_end_ns && conn->service->config.model != BROOD_ITERATIVE;
}

/* A protocol that knows what to say to a client that is late says it by itself, if the promise is not broken yet: from then
 * on that is for whoever watches this worker, who looks at the promise first and then at the slot. */
static void claim_answer(struct brood_conn *conn)
{
	struct slot *slot = conn->slot;
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);

	if (!conn->service->config.handler.http || conn->forked || is_watchers(conn, must_end_ns) ||
		atomic_exchange(&slot->answering, 1))
		return;
	conn_tell(conn);
	conn->may_say_late = !is_watchers(conn, must_end_ns);
}

int deadline_expire(struct brood_conn *conn, enum end_reason reason)
{
	int64_t must_end_ns = clock_now_ns();

	if (!conn->expired) {
		claim_answer(conn);
		conn->expired = reason;
		conn->broken = -ETIMEDOUT;
		if (conn->may_say_late)
			must_end_ns += SAY_LATE_MS * NS_PER_MS;
		if (!conn->forked)
			atomic_store_explicit(&conn->slot->must_end_ns, must_end_ns, memory_order_relaxed);
		conn_tell(conn);
	}
	return -ETIMEDOUT;
}

int deadline_check(struct brood_conn *conn)
{
	struct deadline deadline = deadline_for_sleep(conn);

	if (deadline.at_ns == CONN_NEVER || deadline_now_ns(conn) < deadline.at_ns)
		return 0;
	return deadline_expire(conn, deadline.reason);
}

int brood_conn_deadline(struct brood_conn *conn, enum brood_deadline which, int ms)
{
	int64_t at_ns = from(clock_now_ns(), ms);

	if (ms < BROOD_OFF)
		return -EINVAL;
	conn->blocks = false;
	switch (which) {
	case BROOD_DEADLINE_FIRST_BYTE:
		conn->first_byte_ns = at_ns;
		return 0;
	case BROOD_DEADLINE_IDLE:
		conn->idle_ms = ms;
		return 0;
	case BROOD_DEADLINE_WRITE:
		conn->write_ms = ms;
		return 0;
	case BROOD_DEADLINE_REQUEST:
		conn->request_ns = at_ns;
		conn->request_ms = ms;
		break;
	case BROOD_DEADLINE_TOTAL:
		conn->total_ns = at_ns;
		break;
	default:
		return -EINVAL;
	}
	promise(conn);
	conn_tell(conn);
	return 0;
}
