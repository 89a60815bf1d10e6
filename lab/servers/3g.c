/* SPDX-License-Identifier: MIT */
/*
 * webserver3g of document 004, where its course ends: 3f with waitpid in a loop. No zombies, however many clients
 * come at once. The mistake that is left: a child for everybody who comes. How it shows: clients that connect and
 * say nothing each hold a process, until "fork: Resource temporarily unavailable" ends the server. (And see stolen-
 * child.)
 */
#include "lab/servers/laboratory.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

static void grim_reaper(int number)
{
	const int saved_errno = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved_errno;
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
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	const struct sigaction action = { .sa_handler = grim_reaper };

	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0 && errno == EINTR)
			continue;
		if (connection < 0)
			laboratory_fail("accept");
		pid = fork(); /* the mistake: as many as there are clients, and … */
		if (pid < 0)
			laboratory_fail("fork"); /* … one too many is the end of all service */
		if (pid == 0) {
			close(listener);
			handle_request(connection, laboratory.work_ms);
			close(connection);
			_exit(0);
		}
		close(connection);
	}
}
