/* SPDX-License-Identifier: MIT */
/*
 * Decides what happens next on one connection. Tries first: epoll is told of a descriptor once it has something to
 * wait for, which is once in its life for all but long messages.
 *
 * Invariant: under way (drive->busy, drive->deadlines) are exactly the clients that knock, connect, send or wait.
 */
#include "load/client.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load/wire.h"

#define PAUSE_NS INT64_C(10000000) /* after an error: nobody learns more from a million refusals */
#define KNOCK_NS INT64_C(1000000)  /* a Unix socket's full queue says when there is room to nobody */

#define GONE     (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

/* ---- Under way, or not ---- */

static bool is_opening(enum client_state state)
{
	return state == CLIENT_KNOCKING || state == CLIENT_CONNECTING;
}

static bool is_under_way(enum client_state state)
{
	return is_opening(state) || state == CLIENT_SENDING || state == CLIENT_WAITING;
}

/* The one writer of a state, and of how many there are in which. */
static void enter(struct drive *drive, struct client *client, enum client_state state)
{
	drive->busy += is_under_way(state) - is_under_way(client->state);
	drive->opening += is_opening(state) - is_opening(client->state);
	drive->done += state == CLIENT_DONE;
	client->state = state;
}

static void set_deadline(struct drive *drive, struct client *client, int64_t now_ns)
{
	client->deadline_ns = now_ns + drive->plan->options.timeout_ms * NS_PER_MS;
	list_remove(&client->deadline);
	list_append(&drive->deadlines, &client->deadline);
}

static void rest(struct client *client)
{
	list_remove(&client->turn);
	list_remove(&client->deadline);
}

static void wait_for_turn(struct client *client, struct list *line, int64_t turn_ns)
{
	client->turn_ns = turn_ns;
	list_remove(&client->turn);
	list_append(line, &client->turn);
}

static void connected(struct drive *drive, struct client *client)
{
	enter(drive, client, CLIENT_SENDING);
	outcome_add(&drive->outcome->connections, 1);
	outcome_add(&drive->outcome->open, 1);
}

static void hang_up(struct drive *drive, struct client *client)
{
	if (client->fd < 0)
		return;
	if (!is_opening(client->state))
		outcome_add(&drive->outcome->open, -UINT64_C(1));
	close(client->fd);
	client->fd = -1;
	client->watched = 0;
}

static void become_free(struct drive *drive, struct client *client)
{
	if (client->conns_left == 0) {
		enter(drive, client, CLIENT_DONE);
		return;
	}
	enter(drive, client, CLIENT_FREE);
	list_append(&drive->ready, &client->turn);
}

static void fail(struct drive *drive, struct client *client, enum outcome_error error)
{
	outcome_add(&drive->outcome->errors[error], 1);
	rest(client);
	hang_up(drive, client);
	enter(drive, client, CLIENT_FAILED);
	/* What --hold keeps is not opened twice: a server that ends connections shall be seen. */
	if (drive->plan->options.hold)
		client->conns_left = 0;
	wait_for_turn(client, &drive->pausing, clock_now_ns() + PAUSE_NS);
}

static enum outcome_error kind_of(const struct client *client, int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ENOENT:
		return OUTCOME_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return OUTCOME_RESET;
	case ETIMEDOUT:
		return OUTCOME_TIMEOUT;
	default:
		return client->state == CLIENT_CONNECTING ? OUTCOME_CONNECT : OUTCOME_CLOSED;
	}
}

static void fail_by(struct drive *drive, struct client *client, int error)
{
	enum outcome_error kind = kind_of(client, error);

	/* Of the many reasons why there is no connection, one is told. */
	if (kind == OUTCOME_CONNECT)
		drive->outcome->connect_error = error;
	fail(drive, client, kind);
}

static void watch(struct drive *drive, struct client *client, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLRDHUP | EPOLLET, .data.ptr = client };

	if ((events & ~client->watched) == 0)
		return;
	if (epoll_ctl(drive->epoll, client->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, client->fd, &event) < 0)
		fail(drive, client, OUTCOME_CONNECT);
	else
		client->watched = events;
}

/* ---- The end of a request ---- */

/* The request is over, and went well: the connection stays, or is not needed any more. */
static void release(struct drive *drive, struct client *client, bool may_stay)
{
	if (drive->plan->options.hold) {
		watch(drive, client, EPOLLIN);
		if (client->state == CLIENT_FAILED)
			return;
		rest(client);
		enter(drive, client, CLIENT_HELD);
		return;
	}
	rest(client);
	if (may_stay && client->requests_left != 0) {
		enter(drive, client, CLIENT_KEPT);
		list_append(&drive->ready, &client->turn);
		return;
	}
	hang_up(drive, client);
	become_free(drive, client);
}

static void succeed(struct drive *drive, struct client *client)
{
	int64_t now_ns = clock_now_ns();
	bool all_sent = client->sent == drive->plan->message_size || !drive->plan->says;

	outcome_add(&drive->outcome->requests, drive->plan->says);
	outcome_add(&drive->outcome->in_time, drive->plan->says && now_ns <= drive->end_ns);
	latencies_add(
		&drive->outcome->latencies, (uint64_t)(now_ns > client->asked_ns ? now_ns - client->asked_ns : 0));
	release(drive, client, all_sent && reply_keeps(&drive->plan->rule, &client->reply));
}

static void answered(struct drive *drive, struct client *client)
{
	if (drive->plan->rule.kind == REPLY_HTTP && client->reply.response.status >= 400)
		fail(drive, client, OUTCOME_ANSWER);
	else
		succeed(drive, client);
}

/* With what was sent unread, or half read, at the other end. */
static void reset(struct drive *drive, struct client *client)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	outcome_add(&drive->outcome->aborted, 1);
	release(drive, client, false);
}

/* ---- Sending ---- */

static void all_sent(struct drive *drive, struct client *client)
{
	if (client->aborts) {
		reset(drive, client);
	} else if (!drive->plan->says || drive->plan->rule.kind == REPLY_NONE) {
		succeed(drive, client);
	} else {
		enter(drive, client, CLIENT_WAITING);
		watch(drive, client, EPOLLIN);
	}
}

/* As much as goes. The first try, of nothing perhaps, also tells whether the connection is there. */
static void push(struct drive *drive, struct client *client)
{
	size_t size = drive->plan->says ? drive->plan->message_size : 0, left;
	int slow_ms = drive->plan->options.slow_ms;
	ssize_t n;

	do {
		left = size - client->sent;
		n = wire_send(client->fd, drive->plan->message + client->sent, slow_ms && left > 1 ? 1 : left);
		if (n == -EAGAIN) {
			watch(drive, client, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n < 0) {
			fail_by(drive, client, (int)-n);
			return;
		}
		if (client->state == CLIENT_CONNECTING)
			connected(drive, client);
		client->sent += (size_t)n;
		outcome_add(&drive->outcome->bytes_out, (uint64_t)n);
	} while (client->sent < size && !slow_ms);
	if (client->sent == size) {
		all_sent(drive, client);
		return;
	}
	/* An answer may come early, and so may the end. */
	watch(drive, client, EPOLLIN);
	if (client->state == CLIENT_SENDING)
		wait_for_turn(client, &drive->trickling, clock_now_ns() + slow_ms * NS_PER_MS);
}

static void open_connection(struct drive *drive, struct client *client)
{
	int r = wire_open(&drive->plan->target, &drive->origin, &client->fd);

	if (r == -EAGAIN) {
		enter(drive, client, CLIENT_KNOCKING);
		wait_for_turn(client, &drive->knocking, clock_now_ns() + KNOCK_NS);
		return;
	}
	enter(drive, client, CLIENT_CONNECTING);
	if (r < 0)
		fail_by(drive, client, -r);
	else
		push(drive, client);
}

static bool owes_abort(struct drive *drive)
{
	drive->abort_debt += (unsigned int)drive->plan->options.abort_percent;
	if (drive->abort_debt < 100)
		return false;
	drive->abort_debt -= 100;
	return true;
}

void client_begin(struct drive *drive, struct client *client, int64_t asked_ns, int64_t now_ns)
{
	list_remove(&client->turn);
	set_deadline(drive, client, now_ns);
	client->asked_ns = asked_ns;
	client->sent = 0;
	client->aborts = owes_abort(drive);
	reply_begin(&drive->plan->rule, &client->reply);
	if (client->state == CLIENT_KEPT) {
		client->requests_left -= client->requests_left > 0;
		enter(drive, client, CLIENT_SENDING);
		push(drive, client);
		return;
	}
	client->conns_left -= client->conns_left > 0;
	client->requests_left = drive->plan->options.requests ? drive->plan->options.requests - 1 : -1;
	open_connection(drive, client);
}

/* ---- Receiving ---- */

static void take_end(struct drive *drive, struct client *client)
{
	if (reply_end(&drive->plan->rule, &client->reply) == REPLY_OVER)
		answered(drive, client);
	else
		fail(drive, client, OUTCOME_CLOSED);
}

/* n bytes of the answer, which are in the buffer, or were dropped unseen. False: nothing more to do for now. */
static bool take(struct drive *drive, struct client *client, size_t n, bool unseen)
{
	const struct reply_rule *rule = &drive->plan->rule;
	enum reply_progress progress =
		unseen ? reply_skip(&client->reply, n) : reply_take(rule, &client->reply, drive->buffer, n);

	outcome_add(&drive->outcome->bytes_in, n);
	if (progress == REPLY_WRONG)
		fail(drive, client, OUTCOME_ANSWER);
	else if (progress == REPLY_OVER)
		answered(drive, client);
	return progress == REPLY_MORE;
}

static void pull(struct drive *drive, struct client *client, uint32_t events)
{
	size_t unseen, room;
	ssize_t n;

	/* A piece shorter than the room was the last one, unless the end came with it and will not be told again. */
	do {
		unseen = reply_unseen(&drive->plan->rule, &client->reply);
		room = unseen > WIRE_BUFFER ? unseen : WIRE_BUFFER;
		n = unseen > WIRE_BUFFER ? wire_drop(client->fd, unseen)
					 : wire_receive(client->fd, drive->buffer, WIRE_BUFFER);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			fail_by(drive, client, (int)-n);
			return;
		}
		if (n == 0 && drive->plan->target.type == SOCK_STREAM) {
			take_end(drive, client);
			return;
		}
	} while (take(drive, client, (size_t)n, unseen > WIRE_BUFFER) && ((size_t)n == room || events & GONE));
}

/* Nobody asked: what comes is dropped, until the end. */
static bool has_ended(struct drive *drive, struct client *client)
{
	ssize_t n;

	while ((n = wire_receive(client->fd, drive->buffer, WIRE_BUFFER)) > 0)
		outcome_add(&drive->outcome->bytes_in, (uint64_t)n);
	return n != -EAGAIN;
}

void client_event(struct drive *drive, struct client *client, uint32_t events)
{
	switch (client->state) {
	case CLIENT_CONNECTING:
		push(drive, client);
		break;
	case CLIENT_SENDING:
		if (events & (EPOLLIN | GONE))
			pull(drive, client, events);
		/* Whose next byte has a time of its own is not sent earlier. */
		if (client->state == CLIENT_SENDING && events & EPOLLOUT && list_empty(&client->turn))
			push(drive, client);
		break;
	case CLIENT_WAITING:
		if (events & (EPOLLIN | GONE))
			pull(drive, client, events);
		break;
	case CLIENT_KEPT:
		if (has_ended(drive, client)) {
			list_remove(&client->turn);
			hang_up(drive, client);
			become_free(drive, client);
		}
		break;
	case CLIENT_HELD:
		if (has_ended(drive, client))
			fail(drive, client, OUTCOME_CLOSED);
		break;
	default:
		break;
	}
}

/* ---- Times ---- */

void client_turn(struct drive *drive, struct client *client, int64_t now_ns)
{
	list_remove(&client->turn);
	switch (client->state) {
	case CLIENT_KNOCKING:
		open_connection(drive, client);
		break;
	case CLIENT_SENDING:
		set_deadline(drive, client, now_ns);
		push(drive, client);
		break;
	default:
		become_free(drive, client);
	}
}

void client_expire(struct drive *drive, struct client *client)
{
	fail(drive, client, OUTCOME_TIMEOUT);
}

void client_init(struct drive *drive, struct client *client)
{
	const struct options *options = &drive->plan->options;

	client->fd = -1;
	client->conns_left = options->hold ? 1 : options->conns ? options->conns : -1;
	list_init(&client->turn);
	list_init(&client->deadline);
	become_free(drive, client);
}
