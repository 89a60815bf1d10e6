/* SPDX-License-Identifier: MIT */
/*
 * webserver3c of document 004: a child for each client, and each side closes the descriptors that are the other's:
 * what cures 3b. Children sleep after their answer (60 s there, --work here). The mistake that is left: nobody
 * waits for them. How it shows: clients no longer wait for each other, and each leaves a zombie.
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

	laboratory_log("Child PID: %d. Parent PID %d: %.*s", (int)getpid(), (int)getppid(),
		length > 0 ? (int)length : 0, request);
	send(connection, http_response, sizeof(http_response) - 1, 0);
	laboratory_sleep(work_ms);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 1000);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);

	laboratory_log("Parent PID (PPID): %d", (int)getpid());
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		pid = fork();
		if (pid < 0)
			laboratory_fail("fork");
		if (pid == 0) {
			close(listener);
			handle_request(connection, laboratory.work_ms);
			close(connection);
			_exit(0); /* the mistake: nobody ever asks how it went */
		}
		close(connection);
	}
}
