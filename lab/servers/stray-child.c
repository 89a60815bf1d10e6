/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: a child that does not end. The mistake: in the child, the way out for a bad
 * request is `continue`, and leads into the loop of the parent. How it shows: each bad request leaves one process
 * more that accepts clients; by and by the parent is one of many, and the answer tells whose grandchild has given
 * it.
 */
#include "lab/servers/laboratory.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024

static int handle_request(int connection)
{
	char request[1024] = "", answer[128];
	int size;

	if (recv(connection, request, sizeof(request), 0) < 4 || memcmp(request, "GET ", 4) != 0)
		return -1;
	size = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\n\nHello from %d, child of %d!\n", (int)getpid(),
		(int)getppid());
	send(connection, answer, (size_t)size, 0);
	return 0;
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);

	signal(SIGCHLD, SIG_IGN); /* children leave no zombies */
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		pid = fork();
		if (pid == 0) {
			if (handle_request(connection) < 0) {
				laboratory_log("Bad request");
				close(connection);
				continue; /* the mistake: _exit is what the child needs */
			}
			_exit(0);
		}
		if (pid < 0)
			laboratory_log("No process for a client");
		close(connection);
	}
}
