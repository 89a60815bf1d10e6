/* SPDX-License-Identifier: MIT */
/* Decides what one client does next. Invariant: a client has a descriptor exactly while it is connecting, waiting or answered. */
#include "lab/clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define HANGING_MS 250 /* from the answer to an end of the connection that nobody would call prompt */

int clients_init(struct clients *clients, const struct experiment *experiment, uint16_t port, int64_t begin_ns)
{
	size_t count = 0;

	for (size_t i = 0; i < EXPERIMENT_WAVES; i++)
		count += (size_t)experiment->waves[i].count;
	*clients = (struct clients){ .experiment = experiment, .port = port };
	clients->client = calloc(count + 1, sizeof *clients->client);
	if (!clients->client || count > CLIENTS_MAX) {
		free(clients->client);
		return -ENOMEM;
	}
	for (size_t i = 0; i < EXPERIMENT_WAVES; i++) {
		const struct wave *wave = &experiment->waves[i];
		int at_once = wave->at_once > 0 ? wave->at_once : 1;

		for (int j = 0; j < wave->count; j++)
			clients->client[clients->count++] = (struct client){
				.wave = wave,
				.due_ns = begin_ns +
					  (wave->start_ms + (int64_t)(j / at_once) * wave->apart_ms) * NS_PER_MS,
				.fd = -1,
			};
	}
	return 0;
}

static void leave(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->state = CLIENT_OVER;
	client->over_ns = clock_now_ns();
}

void clients_fini(struct clients *clients)
{
	for (size_t i = 0; i < clients->count; i++)
		leave(&clients->client[i]);
	free(clients->client);
	*clients = (struct clients){ 0 };
}

/* ---- One client ---- */

static void fail(struct client *client)
{
	client->refused = true;
	leave(client);
}

static void begin(struct client *client, uint16_t port, int64_t now_ns)
{
	const struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};

	client->begun_ns = now_ns;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	client->state = CLIENT_CONNECTING;
	if (client->fd < 0 ||
		(connect(client->fd, (const struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS))
		fail(client);
}

/* A request is shorter than any socket's buffer: it leaves whole or not at all. */
static void speak(struct client *client, int64_t now_ns)
{
	const char *request = client->wave->request;
	socklen_t size = sizeof(int);
	int error = 0;

	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0) {
		fail(client);
		return;
	}
	client->connected_ns = now_ns;
	client->state = CLIENT_WAITING;
	if (request && send(client->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		fail(client);
	else if (client->wave->then == WAVE_LEAVES)
		leave(client);
}

static void keep(struct client *client, const char *bytes, size_t size)
{
	size_t room = sizeof client->answer - client->answer_size;

	size = size < room ? size : room;
	memcpy(client->answer + client->answer_size, bytes, size);
	client->answer_size += size;
}

static void listen_to(struct client *client, int64_t now_ns)
{
	char bytes[2048];
	ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(client);
		return;
	}
	if (n == 0) {
		leave(client);
		return;
	}
	if (client->state == CLIENT_WAITING)
		client->answered_ns = now_ns;
	client->state = CLIENT_ANSWERED;
	keep(client, bytes, (size_t)n);
	if (client->wave->then == WAVE_ANSWERS)
		leave(client);
}

/* ---- All of them ---- */

static int64_t due_ns(const struct clients *clients, size_t number)
{
	const struct client *client = &clients->client[number], *before = client - 1;

	if (!client->wave->in_turn || number == 0 || before->wave != client->wave)
		return client->due_ns;
	return before->state == CLIENT_OVER ? before->over_ns + client->wave->apart_ms * NS_PER_MS : INT64_MAX;
}

int64_t clients_start(struct clients *clients, int64_t now_ns)
{
	int64_t next_ns = INT64_MAX;

	for (size_t i = 0; i < clients->count; i++) {
		struct client *client = &clients->client[i];

		if (client->state != CLIENT_LATER)
			continue;
		if (due_ns(clients, i) <= now_ns)
			begin(client, clients->port, now_ns);
		else if (due_ns(clients, i) < next_ns)
			next_ns = due_ns(clients, i);
	}
	return next_ns;
}

size_t clients_fill(const struct clients *clients, struct pollfd *polled)
{
	size_t count = 0;

	for (size_t i = 0; i < clients->count; i++) {
		const struct client *client = &clients->client[i];

		if (client->fd >= 0)
			polled[count++] = (struct pollfd){
				.fd = client->fd,
				.events = client->state == CLIENT_CONNECTING ? POLLOUT : POLLIN,
			};
	}
	return count;
}

void clients_look(struct clients *clients, const struct pollfd *polled, size_t count, int64_t now_ns)
{
	size_t next = 0;

	/* Both are in the same order; a client whose descriptor was closed since had its turn before. */
	for (size_t i = 0; i < clients->count && next < count; i++) {
		struct client *client = &clients->client[i];

		if (client->fd != polled[next].fd)
			continue;
		if (polled[next++].revents == 0)
			continue;
		if (client->state == CLIENT_CONNECTING)
			speak(client, now_ns);
		else
			listen_to(client, now_ns);
	}
}

/* Whoever says nothing gets no answer. */
static bool wants_answer(const struct client *client)
{
	return client->wave->request && client->wave->then != WAVE_LEAVES;
}

static bool is_settled(const struct client *client)
{
	if (client->state == CLIENT_OVER)
		return true;
	if (client->wave->then != WAVE_STAYS)
		return false;
	return client->state == CLIENT_ANSWERED || (client->state == CLIENT_WAITING && !wants_answer(client));
}

bool clients_settled(const struct clients *clients)
{
	for (size_t i = 0; i < clients->count; i++)
		if (!is_settled(&clients->client[i]))
			return false;
	return true;
}

/* ---- What they have seen ---- */

static bool is_wrong(const struct experiment *experiment, const struct client *client)
{
	const char *right = experiment->answer ? experiment->answer : "";
	const char *says = experiment->says ? experiment->says : "";

	if (!client->answered_ns || !wants_answer(client))
		return false;
	return client->answer_size < strlen(right) || memcmp(client->answer, right, strlen(right)) != 0 ||
	       !memmem(client->answer, client->answer_size, says, strlen(says));
}

static bool is_repeated(const struct clients *clients, size_t number)
{
	const struct client *client = &clients->client[number];

	for (size_t i = 0; i < number && client->answered_ns; i++) {
		const struct client *other = &clients->client[i];

		if (other->answer_size == client->answer_size &&
			memcmp(other->answer, client->answer, client->answer_size) == 0)
			return true;
	}
	return false;
}

/* Who still waits has waited until now. */
static int64_t waited_ms(const struct client *client, int64_t then_ns, int64_t now_ns)
{
	if (client->begun_ns == 0 || (then_ns == 0 && client->state == CLIENT_OVER))
		return 0;
	return ((then_ns ? then_ns : now_ns) - client->begun_ns) / NS_PER_MS;
}

static bool is_hanging(const struct client *client, int64_t now_ns)
{
	return client->state == CLIENT_ANSWERED && client->wave->then == WAVE_ENDS &&
	       now_ns - client->answered_ns >= HANGING_MS * NS_PER_MS;
}

static void raise_to(int64_t *highest, int64_t value)
{
	if (value > *highest)
		*highest = value;
}

static void tell_of(const struct clients *clients, size_t number, int64_t now_ns, struct clients_counts *counts)
{
	const struct client *client = &clients->client[number];
	bool asks = wants_answer(client), answered = client->answered_ns != 0;

	counts->connected += client->connected_ns != 0;
	counts->answered += asks && answered;
	counts->over += client->state == CLIENT_OVER;
	counts->asked += asks;
	counts->unanswered += asks && !answered && client->state != CLIENT_LATER;
	counts->hanging += is_hanging(client, now_ns);
	counts->wrong += is_wrong(clients->experiment, client);
	counts->repeated += is_repeated(clients, number);
	raise_to(&counts->connecting_ms, waited_ms(client, client->connected_ns, now_ns));
	if (asks)
		raise_to(&counts->slowest_ms, waited_ms(client, client->answered_ns, now_ns));
}

void clients_tell(const struct clients *clients, int64_t now_ns, struct clients_counts *ret_counts)
{
	*ret_counts = (struct clients_counts){ .all = (int64_t)clients->count };
	for (size_t i = 0; i < clients->count; i++)
		tell_of(clients, i, now_ns, ret_counts);
}
