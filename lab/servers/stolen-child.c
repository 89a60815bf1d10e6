/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: 3g's waitpid(-1) takes every child, also one that belongs to a library. Each
 * client is served by a process that asks a helper by popen, and wants to know from pclose how it ended. The
 * mistake: the handler reaps the helper first. How it shows: pclose fails with "No child processes", and the
 * helper's status, 3, is lost.
 */
#include "lab/servers/laboratory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024

static void grim_reaper(int number)
{
	const int saved_errno = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0) /* the mistake: "any child" is more than this program's own */
		;
	errno = saved_errno;
}

/* Says in answer what the helper said, and how it ended. */
static int ask_helper(unsigned int work_ms, char *answer, size_t size)
{
	FILE *helper = popen("echo $((6 * 7)); exit 3", "r");
	int said = 0, status;

	if (!helper)
		return snprintf(answer, size, "no helper: %s\n", strerror(errno));
	if (fscanf(helper, "%d", &said) != 1 || fgetc(helper) != '\n' || fgetc(helper) != EOF)
		said = -1;
	laboratory_sleep(work_ms);
	status = pclose(helper);
	if (status < 0)
		return snprintf(answer, size, "%d, status unknown: %s\n", said, strerror(errno));
	return snprintf(answer, size, "%d, status %d\n", said, WEXITSTATUS(status));
}

static void handle_request(int connection, unsigned int work_ms)
{
	char request[1024], answer[128] = "HTTP/1.1 200 OK\n\n";
	const size_t length = strlen(answer);

	recv(connection, request, sizeof(request), 0);
	ask_helper(work_ms, answer + length, sizeof(answer) - length);
	laboratory_log("The helper said %s", answer + length);
	send(connection, answer, strlen(answer), 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 100);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	const struct sigaction action = { .sa_handler = grim_reaper, .sa_flags = SA_RESTART };

	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		pid = fork();
		if (pid == 0) {
			close(listener);
			handle_request(connection, laboratory.work_ms);
			close(connection);
			_exit(0);
		}
		if (pid < 0)
			laboratory_log("No process for a client");
		close(connection);
	}
}
