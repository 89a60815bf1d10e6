/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: fork copies stdio's buffers, too. A line for each client goes to a log that is
 * buffered, as stdio does with whatever is no terminal. The mistake: fork while the line is in the buffer, and a
 * child that leaves by exit, which flushes. How it shows: each line is in the log twice, once from the parent and
 * once from the child.
 */
#include "lab/servers/laboratory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024

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

	signal(SIGCHLD, SIG_IGN); /* children leave no zombies */
	setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
	for (unsigned int client = 1;; client++) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		printf("[%d] client %u\n", (int)getpid(), client);
		pid = fork(); /* the mistake: no fflush before it, and … */
		if (pid == 0) {
			close(listener);
			handle_request(connection);
			close(connection);
			exit(0); /* … no _exit */
		}
		if (pid < 0)
			laboratory_log("No process for a client");
		close(connection);
		fflush(stdout);
	}
}
