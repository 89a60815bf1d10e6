/* SPDX-License-Identifier: MIT */
/*
 * Document 003's server, "from a tool to a service": GET /NAME is answered "Hello, NAME!", one client after
 * another. Its mistakes: (1) the answer begins with an empty line, so it has no status line: curl says "HTTP/0.9".
 * (2) The second word of the request is used without a look whether there is one: a client that says nothing and
 * leaves, or a lone newline, kills the server. (3) listen(1): see short-backlog.
 */
#include "lab/servers/laboratory.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void handle_request(int connection)
{
	char request[1024], response[sizeof(request) + 64];
	const ssize_t length = recv(connection, request, sizeof(request) - 1, 0);
	const char *name;
	int size;

	request[length > 0 ? length : 0] = '\0';
	laboratory_log("request received: %s", request);
	strtok(request, " \t\r\n");
	name = strtok(NULL, " \t\r\n") + 1; /* the mistake: (2) NULL + 1 is no name */
	if (*name == '\0')
		name = "World";
	size = snprintf(response, sizeof(response),
		"\n" /* the mistake: (1) */
		"HTTP/1.1 200 OK\n\nHello, %s!\n",
		name);
	send(connection, response, (size_t)size, 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, 1); /* the mistake: (3) */

	for (;;) {
		const int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			laboratory_fail("accept");
		handle_request(connection);
		laboratory_sleep(laboratory.work_ms);
		close(connection);
	}
}
