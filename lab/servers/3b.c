/* SPDX-License-Identifier: MIT */
/*
 * webserver3b of document 004: iterative, and it sleeps after each answer (60 s there, --work here). The mistake:
 * the one process that could accept is busy with one client. How it shows: the second of two clients connects at
 * once, since the kernel's queue takes him, and is answered when the first one's time is over.
 */
#include "lab/servers/laboratory.h"

#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 5

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

static void handle_request(int connection, unsigned int work_ms)
{
	char request[1024];
	const ssize_t length = recv(connection, request, sizeof(request), 0);

	laboratory_log("%.*s", length > 0 ? (int)length : 0, request);
	send(connection, http_response, sizeof(http_response) - 1, 0);
	laboratory_sleep(work_ms); /* the mistake: everybody else sleeps, too */
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 1000);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);

	for (;;) {
		const int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			laboratory_fail("accept");
		handle_request(connection, laboratory.work_ms);
		close(connection);
	}
}
