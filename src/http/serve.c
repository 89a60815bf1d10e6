/* SPDX-License-Identifier: MIT */
/* One request from its first byte to its end: the order of things is here, each thing is in a file of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contract/conn.h"
#include "core/io.h"
#include "core/service.h"
#include "http/access.h"
#include "http/http_private.h"

/* Nothing here that can be done without: of a struct this large, what is not touched costs nothing. */
static void init(struct brood_http *http, struct brood_conn *conn)
{
	memset(http, 0, offsetof(struct brood_http, request));
	memset((char *)http + offsetof(struct brood_http, options), 0,
		offsetof(struct brood_http, coding) - offsetof(struct brood_http, options));
	http->conn = conn;
	http->in = http->in_bytes;
	http->in_size = sizeof http->in_bytes;
	http_begin_answer(http);
}

static void fini(struct brood_http *http)
{
	if (http->in != http->in_bytes)
		free(http->in);
}

/* Nothing has left: whatever the handler prepared does not go along. */
static int say_instead(struct brood_http *http, int error)
{
	int status = error < 0 ? http_status_for(error) : 500;

	http_begin_answer(http);
	/* If it was not its client that the handler waited for. */
	if (http->conn->broken == -ETIMEDOUT) {
		http_say_late(http, http->body_error ? 408 : 504);
		io_leave_to_watcher(http->conn);
		return -ETIMEDOUT;
	}
	return brood_http_say(http, http->refused ? (int)http->refused : status, NULL);
}

static int call_handler(struct brood_http *http, void *app)
{
	int r = http->conn->service->config.handler.http(http, app);

	/* brood_fork: all that is left to read and to say is the child's. */
	if (http->conn->forked)
		return r;
	if (r >= 0 && (http->phase > ANSWER_STARTED || (http->phase == ANSWER_STARTED && !http->refused)))
		r = brood_http_end(http);
	return brood_http_begun(http) && !io_owes_answer(http->conn) ? r : say_instead(http, r);
}

/* Part of an answer has left, and there will be no more of it: the client must not take it for a whole one. */
static int cut_off(struct brood_http *http, int error)
{
	if (http->phase == ANSWER_FLOWING && http->framing == ANSWER_UNTIL_END)
		brood_abort(http->conn);
	return error;
}

/* What was read too much is the beginning of the next request. */
static int keep_alive(struct brood_http *http)
{
	int r = 0;

	if (http->end > http->at)
		r = io_unread(http->conn, http->at, (size_t)(http->end - http->at));
	return r < 0 ? r : BROOD_AGAIN;
}

/* The client may still be sending what nobody reads: a plain close could reset the connection before it has the answer. */
static int close_gently(struct brood_http *http, bool all_read)
{
	if (!all_read)
		brood_close(http->conn);
	return 0;
}

static int finish(struct brood_http *http, int result)
{
	bool all_read;

	http_access_end(http);
	if (http->conn->forked)
		return result < 0 ? result : 0;
	if (result < 0)
		return cut_off(http, result);
	all_read = !http->refused && http_skip_body(http);
	if (all_read && http->persistent)
		return keep_alive(http);
	/* A client that wanted to go on may be sending its next request already. */
	return close_gently(http, all_read && !http->request.persistent);
}

static int answer_refusal(struct brood_http *http)
{
	int r;

	http->persistent = false;
	r = brood_http_say(http, (int)http->refused, NULL);
	http_access_end(http);
	return r < 0 ? r : close_gently(http, false);
}

int brood_http_handle(struct brood_conn *conn, void *app)
{
	struct brood_http http;
	int r;

	/* A descriptor that we were handed may be of any kind. */
	if (brood_packet_size(conn) >= 0)
		return -EOPNOTSUPP;
	init(&http, conn);
	r = http_read_head(&http);
	if (r > 0)
		r = finish(&http, call_handler(&http, app));
	else if (http.refused)
		r = answer_refusal(&http);
	else
		http_access_end(&http);
	fini(&http);
	return r;
}
