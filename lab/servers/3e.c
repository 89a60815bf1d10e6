/* SPDX-License-Identifier: MIT */
/*
 * webserver3e of document 004: 3c with a handler that waits for the child. Children sleep after their answer (3 s
 * there, --work here), so that the parent is back in accept when one ends. The mistake: sigaction without
 * SA_RESTART, and an accept that takes every error for the last. How it shows: one client, and the server is dead
 * of "accept: Interrupted system call" as soon as his child ends. (Python since 3.5 hides this one: it calls accept
 * again by itself.)
 */
#include "lab/servers/laboratory.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 5

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

static void grim_reaper(int number)
{
	int status = 0;
	const pid_t pid = wait(&status);

	(void)number;
	laboratory_log("Child %d terminated with status %d", (int)pid, status);
}

static void handle_request(int connection, unsigned int work_ms)
{
	char request[1024];
	const ssize_t length = recv(connection, request, sizeof(request), 0);

	laboratory_log("%.*s", length > 0 ? (int)length : 0, request);
	send(connection, http_response, sizeof(http_response) - 1, 0);
	laboratory_sleep(work_ms);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 300);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	const struct sigaction action = { .sa_handler = grim_reaper }; /* the mistake: no SA_RESTART, and … */

	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept"); /* … EINTR is no reason to die */
		pid = fork();
		if (pid < 0)
			laboratory_fail("fork");
		if (pid == 0) {
			close(listener);
			handle_request(connection, laboratory.work_ms);
			close(connection);
			_exit(0);
		}
		close(connection);
	}
}
