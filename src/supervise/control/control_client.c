/* SPDX-License-Identifier: MIT */
/*
 * Decides what a client of the control socket is answered, and how long it is waited for. Invariant: nothing here blocks, and
 * no client costs more than its struct: an answer is made in parts, each when the one before was taken. The client is gone
 * after any call that may close it.
 */
#include "supervise/control/control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "contract/log.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"

#define DISCARD_MAX 1048576 /* of what a client says behind its request: more than a socket holds */
#define TURN_MAX    131072  /* of an answer in one turn of the loop */

static void be_patient(struct control_client *client)
{
	/* Room in the heap was made when the client came. */
	loop_arm(&client->supervisor->loop, &client->timer, clock_now_ns() + CONTROL_PATIENCE_MS * NS_PER_MS);
}

/* What was sent to us and not read makes of our close a reset, which may overtake the answer. */
static void discard(int fd)
{
	char discarded[4096];

	for (size_t size = 0; size < DISCARD_MAX; size += sizeof discarded)
		if (recv(fd, discarded, sizeof discarded, MSG_DONTWAIT) <= 0)
			return;
}

static void close_client(struct control_client *client)
{
	struct loop *loop = &client->supervisor->loop;

	if (client->phase == CONTROL_WAITING)
		verbs_forget(client->supervisor, &client->reply);
	loop_disarm(loop, &client->timer);
	loop_del(loop, &client->source);
	discard(client->source.fd);
	close(client->source.fd);
	client->gone(client);
}

static void patience_over(struct loop_timer *timer)
{
	close_client(container_of(timer, struct control_client, timer));
}

static bool await(struct control_client *client, uint32_t events)
{
	struct loop *loop = &client->supervisor->loop;

	loop_del(loop, &client->source);
	return loop_add(loop, &client->source, events) == 0;
}

/* ---- Writing ----------------------------------------------------------------------------------------------- */

/* Another part, if there is one and room for it. */
static bool fill(struct control_client *client)
{
	struct buf *answer = &client->answer;

	if (client->sent == answer->size) {
		client->sent = 0;
		buf_reset(answer);
	}
	while (client->show && answer->capacity - answer->size >= SHOW_PART_MAX)
		if (!client->show(&client->showing))
			client->show = NULL;
	return answer->size > client->sent;
}

/* As much as the socket takes, at most TURN_MAX. False: that was the end of it, one way or another. */
static bool send_on(struct control_client *client, size_t *ret_size)
{
	*ret_size = 0;
	while (fill(client) && *ret_size < TURN_MAX) {
		ssize_t n = send(client->source.fd, client->answer.data + client->sent,
			client->answer.size - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		client->sent += (size_t)n;
		*ret_size += (size_t)n;
	}
	return client->show || client->sent < client->answer.size;
}

static void write_on(struct control_client *client)
{
	size_t size;

	if (!send_on(client, &size))
		close_client(client);
	else if (size > 0)
		be_patient(client);
}

static void begin_writing(struct control_client *client)
{
	client->phase = CONTROL_WRITING;
	if (!await(client, EPOLLOUT))
		close_client(client);
	else
		be_patient(client);
}

static void fail(struct control_client *client, const char *why)
{
	buf_puts(&client->answer, "failed: ");
	show_foreign(&client->answer, why, SENTENCE_SIZE);
	buf_putc(&client->answer, '\n');
	begin_writing(client);
}

/* ---- Asking ------------------------------------------------------------------------------------------------ */

/* Also called from within the verb itself. Written in the next turn: nobody loses the client under its feet. */
static void verb_done(struct verb_reply *reply, int error, const char *sentence)
{
	struct control_client *client = container_of(reply, struct control_client, reply);

	if (error < 0) {
		fail(client, sentence);
		return;
	}
	buf_puts(&client->answer, "ok\n");
	if (sentence[0]) {
		show_foreign(&client->answer, sentence, SENTENCE_SIZE);
		buf_putc(&client->answer, '\n');
	}
	begin_writing(client);
}

void control_client_wait(struct control_client *client)
{
	client->phase = CONTROL_WAITING;
	client->reply = (struct verb_reply){ .done = verb_done, .fd = client->source.fd };
	loop_disarm(&client->supervisor->loop, &client->timer);
	/* EPOLLHUP is always reported; that it has no more to say is no reason to leave it. */
	await(client, 0);
}

static void obey(struct control_client *client)
{
	const struct control_request *asked = &client->asked;

	report_own(client->supervisor, BROOD_INFO, "control",
		(struct log_field[]){
			LOG_TEXT("verb", asked->verb->name),
			LOG_TEXT("what", asked->word[0]),
			LOG_INT("uid", client->uid),
			LOG_INT("process", client->pid),
		},
		4);
	control_client_wait(client);
	asked->verb->obey(client->supervisor, client->asked.word, &client->reply);
}

static void show(struct control_client *client)
{
	const struct control_request *asked = &client->asked;

	client->showing = (struct show){
		.supervisor = client->supervisor,
		.out = &client->answer,
		.json.buf = &client->answer,
		.as_json = asked->json,
		.only = asked->word[0],
		.now_ns = clock_now_ns(),
	};
	client->show = asked->verb->show;
	buf_puts(&client->answer, "ok\n");
	begin_writing(client);
}

static bool understand(struct control_client *client, size_t size, struct sentence *why)
{
	const struct control_request *asked = &client->asked;

	if (words_split(client->request, size, &client->words, why) < 0 ||
		control_verbs_parse(client->words.word, &client->asked, why) < 0)
		return false;
	return !asked->verb->of_service || !asked->word[0] ||
	       show_find_service(client->supervisor, asked->word[0], why);
}

static void answer(struct control_client *client, size_t size)
{
	struct sentence why;

	if (memchr(client->request, '\0', size))
		fail(client, "the request has a zero byte in it");
	else if (!understand(client, size, &why))
		fail(client, why.text);
	else if (client->asked.verb->show)
		show(client);
	else
		obey(client);
}

static void read_on(struct control_client *client)
{
	size_t room = sizeof client->request - client->request_size;
	const char *end;
	ssize_t n;

	n = recv(client->source.fd, client->request + client->request_size, room, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || client->request_size + (size_t)n == 0) {
		close_client(client);
		return;
	}
	client->request_size += (size_t)n;
	end = memchr(client->request, '\n', client->request_size);
	if (!end && n == 0)
		end = client->request + client->request_size; /* the last line needs no newline */
	if (end)
		answer(client, (size_t)(end - client->request));
	else if (client->request_size > CONTROL_REQUEST_MAX)
		fail(client, "the request has more than 4096 bytes");
	else
		be_patient(client);
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct control_client *client = container_of(source, struct control_client, source);

	(void)events;
	switch (client->phase) {
	case CONTROL_READING:
		read_on(client);
		break;
	case CONTROL_WAITING:
		close_client(client);
		break;
	case CONTROL_WRITING:
		write_on(client);
		break;
	}
}

/* ---- Coming ------------------------------------------------------------------------------------------------ */

static void find_peer(struct control_client *client)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof peer;

	getsockopt(client->source.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	client->uid = peer.uid;
	client->pid = peer.pid;
}

struct control_client *control_client_new(
	struct supervisor *supervisor, int fd, void (*gone)(struct control_client *client))
{
	struct control_client *client = calloc(1, sizeof *client);

	if (!client)
		goto close_fd;
	client->supervisor = supervisor;
	client->gone = gone;
	client->source = (struct loop_source){ .fd = fd, .ready = ready };
	client->timer.fire = patience_over;
	buf_init(&client->answer, client->room, sizeof client->room);
	list_init(&client->link);
	find_peer(client);
	if (loop_arm(&supervisor->loop, &client->timer, clock_now_ns() + CONTROL_PATIENCE_MS * NS_PER_MS) < 0)
		goto free_client;
	if (loop_add(&supervisor->loop, &client->source, EPOLLIN) < 0)
		goto disarm;
	return client;

disarm:
	loop_disarm(&supervisor->loop, &client->timer);
free_client:
	free(client);
close_fd:
	close(fd);
	return NULL;
}

void control_client_refuse(struct control_client *client, const char *why)
{
	fail(client, why);
}

void control_client_flush(struct control_client *client)
{
	if (client->phase == CONTROL_READING && client->request_size > 0)
		buf_puts(&client->answer, "failed: brood is being upgraded: ask again\n");
	if (client->answer.size > client->sent || client->phase == CONTROL_WRITING)
		write_on(client);
}

void control_client_part(struct control_client *client)
{
	size_t size;

	if (client->phase == CONTROL_WAITING) {
		verbs_forget(client->supervisor, &client->reply);
		buf_puts(&client->answer, "failed: brood ended before it was done\n");
		client->phase = CONTROL_WRITING;
	}
	send_on(client, &size);
	close_client(client);
}
