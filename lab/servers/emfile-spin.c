/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: a poll server that is out of descriptors. Clients may stay as long as they like;
 * each line is answered. The mistake: accept fails with EMFILE, and the loop goes on to poll, which says at once
 * that somebody still waits at the listener. How it shows: 100 % CPU for as long as nobody leaves, and clients that
 * wait.
 */
#include "lab/servers/laboratory.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024
#define DESCRIPTORS_MAX    5000

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

/* The listener first, then clients, without gaps. */
static struct pollfd watched[DESCRIPTORS_MAX];
static nfds_t watched_count;

static void take_client(void)
{
	static unsigned long failures, next_told = 1;
	const int connection = accept(watched[0].fd, NULL, NULL);

	if (connection >= 0 && watched_count < DESCRIPTORS_MAX) {
		watched[watched_count++] = (struct pollfd){ .fd = connection, .events = POLLIN };
		laboratory_log("%lu clients", (unsigned long)watched_count - 1);
	} else if (++failures == next_told) {
		laboratory_log("accept failed %lu times: %s", failures, strerror(errno));
		next_told *= 10;
	} /* the mistake: nothing has changed, and poll is asked again */
}

static void serve_client(struct pollfd *client)
{
	char request[1024];

	if (recv(client->fd, request, sizeof(request), 0) > 0) {
		send(client->fd, http_response, sizeof(http_response) - 1, 0);
		return;
	}
	close(client->fd);
	*client = watched[--watched_count];
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);

	watched[watched_count++] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (;;) {
		if (poll(watched, watched_count, -1) < 0)
			laboratory_fail("poll");
		/* From the last one, so that who moves into a gap has been looked at. */
		for (nfds_t i = watched_count - 1; i > 0; i--)
			if (watched[i].revents)
				serve_client(&watched[i]);
		if (watched[0].revents)
			take_client();
	}
}
