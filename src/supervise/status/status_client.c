/* SPDX-License-Identifier: MIT */
/*
 * Decides how long a client is listened to and what becomes of its connection: asking → answering → until it ends its side
 * (what it still sent must not turn our close into a reset that eats the answer) → closed. One deadline for all of it.
 */
#include "supervise/status/status_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"

static void finish(struct status_client *client)
{
	struct loop *loop = client->clerk->loop;

	loop_disarm(loop, &client->deadline);
	loop_del(loop, &client->source);
	close(client->source.fd);
	free(client->answer);
	client->answer = NULL;
	client->in_use = false;
	client->clerk->over(client->clerk, client);
}

static void deadline_passed(struct loop_timer *timer)
{
	finish(container_of(timer, struct status_client, deadline));
}

/* recv into memory of that size: its bytes, 0 at the end, -EAGAIN when there is nothing, or that it failed. */
static ssize_t receive(struct status_client *client, char *memory, size_t size)
{
	ssize_t n;

	do
		n = recv(client->source.fd, memory, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void discard(struct loop_source *source, uint32_t events)
{
	struct status_client *client = container_of(source, struct status_client, source);
	char unwanted[4096];
	ssize_t n = receive(client, unwanted, sizeof unwanted);

	(void)events;
	if (n <= 0 && n != -EAGAIN)
		finish(client);
}

/* True: something else is waited for now. */
static bool wait_for(struct status_client *client, uint32_t events, void (*ready)(struct loop_source *, uint32_t))
{
	loop_del(client->clerk->loop, &client->source);
	client->source.ready = ready;
	return loop_add(client->clerk->loop, &client->source, events) == 0;
}

static void send_answer(struct loop_source *source, uint32_t events)
{
	struct status_client *client = container_of(source, struct status_client, source);
	ssize_t n;

	(void)events;
	do
		n = send(source->fd, client->answer + client->answer_sent, client->answer_size - client->answer_sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		finish(client);
		return;
	}
	client->answer_sent += (size_t)n;
	if (client->answer_sent < client->answer_size)
		return;
	if (shutdown(source->fd, SHUT_WR) < 0 || !wait_for(client, EPOLLIN, discard))
		finish(client);
}

static void answer(struct status_client *client, const struct status_request *request)
{
	client->answer = client->clerk->answer(client->clerk, request, &client->answer_size);
	if (client->answer && wait_for(client, EPOLLOUT, send_answer))
		send_answer(&client->source, EPOLLOUT);
	else
		finish(client);
}

static void read_request(struct loop_source *source, uint32_t events)
{
	struct status_client *client = container_of(source, struct status_client, source);
	struct status_request request = { .code = 400 };
	ssize_t n = receive(
		client, client->request + client->request_size, sizeof client->request - client->request_size);

	(void)events;
	if (n == -EAGAIN)
		return;
	/* Half a request and no more to come is a bad one; nothing at all is none. */
	if (n < 0 || (n == 0 && client->request_size == 0)) {
		finish(client);
		return;
	}
	client->request_size += (size_t)n;
	if (status_request_parse(client->request, client->request_size, &request) || n == 0)
		answer(client, &request);
}

void status_client_begin(struct status_client *client, struct status_clerk *clerk, int fd)
{
	struct loop *loop = clerk->loop;

	client->clerk = clerk;
	client->source = (struct loop_source){ .fd = fd, .ready = read_request };
	client->deadline = (struct loop_timer){ .fire = deadline_passed };
	client->request_size = client->answer_sent = 0;
	client->in_use = true;
	if (loop_arm(loop, &client->deadline, clock_now_ns() + STATUS_CLIENT_MS * NS_PER_MS) < 0 ||
		loop_add(loop, &client->source, EPOLLIN) < 0)
		finish(client);
}
