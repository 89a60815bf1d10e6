/* SPDX-License-Identifier: MIT */
#include "http/access.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "platform/direct.h"
#include "transport/address.h"

#define PEER_SIZE 128

_Static_assert(HTTP_STATUS_ROOM >= ACCESS_MARGIN && BROOD_HTTP_ANSWER_HEAD >= LOG_LINE_MAX + 1 + ACCESS_MARGIN,
	"a line has room where the answer's head was");

void http_access_begin(struct brood_http *http)
{
	http->began_ns = clock_now_ns();
	http->sent_before = atomic_load_explicit(&http->conn->slot->bytes_out, memory_order_relaxed);
}

void http_access_asked(struct brood_http *http)
{
	struct slot *slot = http->conn->slot;

	atomic_store_explicit(&slot->status, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->line_end, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->asked_ns, http->began_ns, memory_order_release);
}

void http_access_answer(struct brood_http *http)
{
	atomic_store_explicit(&http->conn->slot->status, (uint32_t)http->status, memory_order_relaxed);
}

/* Nobody reads the head any more. */
static struct access_text text_of(struct brood_http *http, struct http1_part part)
{
	http->in[part.at + part.size] = '\0';
	return (struct access_text){ http->in + part.at, part.size };
}

static struct access_text field_of(struct brood_http *http, const char *name)
{
	const struct http1_field *field = NULL;

	if (http->head_size > 0)
		field = http1_find(&http->request, http->in, name, strlen(name), 0);
	return field ? text_of(http, field->value) : (struct access_text){ NULL, 0 };
}

/* What there is of a request line that is none. */
static struct access_text first_line(struct brood_http *http)
{
	size_t most = http->in_used < http->in_size ? http->in_used : http->in_size - 1;
	struct http1_part line = { .at = 0 };

	while (line.at < most && (http->in[line.at] == '\r' || http->in[line.at] == '\n'))
		line.at++;
	while (line.at + line.size < most && http->in[line.at + line.size] != '\r' &&
		http->in[line.at + line.size] != '\n')
		line.size++;
	return line.size > 0 ? text_of(http, line) : (struct access_text){ NULL, 0 };
}

static void tell_request(struct brood_http *http, struct access_facts *facts)
{
	const struct http1_request *request = &http->request;

	if (request->method.size == 0 || request->target.size == 0) {
		facts->raw = first_line(http);
		return;
	}
	facts->method = text_of(http, request->method);
	facts->target = text_of(http, request->target);
	if (request->has_line)
		facts->minor = (int)request->minor;
}

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* Of an answer that was cut off, no more than has left: its head counts as body then. */
static uint64_t body_bytes(const struct brood_http *http)
{
	uint64_t left = atomic_load_explicit(&http->conn->slot->bytes_out, memory_order_relaxed) - http->sent_before;

	if (http->silent)
		return 0;
	return http->phase == ANSWER_COMPLETE || http->body_sent < left ? http->body_sent : left;
}

/* Where the answer's head was: those bytes are warm. */
static void write_line(struct brood_http *http)
{
	struct brood_conn *conn = http->conn;
	struct service *service = conn->service;
	const int64_t lasted_ns = clock_now_ns() - http->began_ns;
	const bool is_first = atomic_load_explicit(&conn->slot->requests, memory_order_relaxed) == 1;
	struct access_facts facts = {
		.began_ns = realtime_ns() - lasted_ns,
		.service = service->config.name,
		.minor = ACCESS_UNKNOWN,
		.status = (unsigned int)http->status,
		.bytes = (int64_t)body_bytes(http),
		.referer = field_of(http, "Referer"),
		.agent = field_of(http, "User-Agent"),
		.duration_us = lasted_ns / NS_PER_US,
		.queue_us = is_first ? conn->queue_us : ACCESS_UNKNOWN,
		.worker = direct_getpid(),
	};
	struct access_stamp none = { 0 };
	char peer[PEER_SIZE], *line = http->out_bytes + HTTP_STATUS_ROOM;
	size_t size;

	tell_request(http, &facts);
	address_text(&conn->peer.any, conn->peer_size, peer, sizeof peer);
	facts.peer = peer;
	size = access_line(line, service->access_format, &facts, service->crowd ? &service->access_stamp : &none);
	access_put(conn, line, size);
}

static bool was_answered(const struct brood_http *http)
{
	return http->phase == ANSWER_COMPLETE ||
	       atomic_load_explicit(&http->conn->slot->bytes_out, memory_order_relaxed) != http->sent_before;
}

void http_access_end(struct brood_http *http)
{
	struct slot *slot = http->conn->slot;

	/* brood_fork gave it to a child, who tells of it. */
	if (!http_access_is_wanted(http) || !http_has_come(http) || http->conn->forked)
		return;
	/* Of a head that is not whole nobody was told yet. */
	if (http->head_size == 0)
		http_access_asked(http);
	if (was_answered(http))
		write_line(http);
	else
		atomic_store_explicit(&slot->status, 0, memory_order_relaxed);
}
