/* SPDX-License-Identifier: MIT */
/*
 * webserver3a of document 004: iterative. The mistake: one client at a time, from accept to close. How it shows: who
 * connects and says nothing keeps everybody else waiting, for as long as he likes.
 */
#include "lab/servers/laboratory.h"

#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 5

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

static void handle_request(int connection)
{
	char request[1024];
	const ssize_t length = recv(connection, request, sizeof(request), 0);

	laboratory_log("%.*s", length > 0 ? (int)length : 0, request);
	send(connection, http_response, sizeof(http_response) - 1, 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);

	for (;;) {
		const int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			laboratory_fail("accept");
		handle_request(connection); /* the mistake: recv waits, and nobody looks at the others */
		close(connection);
	}
}
