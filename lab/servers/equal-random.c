/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: fork copies the state of random numbers, too. Each client is given a session by a
 * child. The mistake: the parent has called srandom, once, and no child does. How it shows: all clients have the
 * same session.
 */
#include "lab/servers/laboratory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024

static void handle_request(int connection)
{
	char request[1024], answer[128];
	int size;

	recv(connection, request, sizeof(request), 0);
	size = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\n\nsession %08lx%08lx\n", random(), random());
	laboratory_log("%s", answer);
	send(connection, answer, (size_t)size, 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	unsigned int seed = 0;

	signal(SIGCHLD, SIG_IGN); /* children leave no zombies */
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		laboratory_fail("getrandom");
	srandom(seed); /* the mistake: before fork, and nowhere else */
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		pid = fork();
		if (pid == 0) {
			close(listener);
			handle_request(connection);
			close(connection);
			_exit(0);
		}
		if (pid < 0)
			laboratory_log("No process for a client");
		close(connection);
	}
}
