/* SPDX-License-Identifier: MIT */
/*
 * webserver3d of document 004: 3c without the sleep, whose parent keeps its copy of each connection. The mistake: a
 * connection ends when the last descriptor of it is closed. How it shows: curl has its answer and hangs; after as
 * many clients as there are descriptors, "accept: Too many open files" and the end, or, if processes are fewer,
 * "fork: Resource temporarily unavailable", since each child is left a zombie as in 3c.
 */
#include "lab/servers/laboratory.h"

#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 5

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

static void handle_request(int connection)
{
	char request[1024];

	recv(connection, request, sizeof(request), 0);
	send(connection, http_response, sizeof(http_response) - 1, 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	unsigned int clients = 0;

	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		clients++;
		pid = fork();
		if (pid < 0)
			laboratory_fail("fork");
		if (pid == 0) {
			close(listener);
			handle_request(connection);
			close(connection);
			_exit(0);
		}
		laboratory_log("%u", clients); /* the mistake: no close(connection) */
	}
}
