/* SPDX-License-Identifier: MIT */
/*
 * Document 001's echo server: a child for each client, which first works a while (5 s there, --work here) and then
 * sends back whatever comes. The mistake: children that ended are looked for only when a client has connected. How
 * it shows: after the last client of a crowd, all of it are zombies, until the next client, tomorrow, say.
 */
#include "lab/servers/laboratory.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 5

static unsigned int active_children;

static void reap_children(void)
{
	while (active_children > 0) {
		const pid_t pid = waitpid(0, NULL, WNOHANG);

		if (pid <= 0)
			break;
		active_children--;
		laboratory_log("Reaped %d", (int)pid);
	}
}

static void handle_client(int connection, unsigned int work_ms)
{
	char data[1024], reply[sizeof(data) + 64], now[32];
	ssize_t length;

	laboratory_sleep(work_ms);
	while ((length = recv(connection, data, sizeof(data), 0)) > 0) {
		const time_t seconds = time(NULL);
		int size;

		now[strcspn(ctime_r(&seconds, now), "\n")] = '\0';
		size = snprintf(reply, sizeof(reply), "Echo=>%.*s at %s", (int)length, data, now);
		send(connection, reply, (size_t)size, 0);
	}
	close(connection);
	_exit(0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 300);
	const int listener = laboratory_listen(&laboratory, BACKLOG);

	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		laboratory_log("Server connected");
		reap_children(); /* the mistake: who ends from now on waits for somebody to connect */
		pid = fork();
		if (pid == 0) {
			close(listener);
			handle_client(connection, laboratory.work_ms);
		}
		if (pid > 0)
			active_children++;
		else
			laboratory_log("No process for a client");
		close(connection);
	}
}
