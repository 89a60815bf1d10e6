/* SPDX-License-Identifier: MIT */
/*
 * Document 000's calculator: a line "2+3" is answered "5", by a child, after a time of work (5 s there, --work
 * here). Its mistakes: (1) it reads until a newline, and takes recv's 0 for data: a client that leaves without one
 * leaves a child at 100 % CPU. (2) Its signal handler logs, and logging takes locks: libc's own, around the time
 * zone, which is not recursive. The original's parent logs nothing but in the handler, and is lucky; this one also
 * logs whom it accepted, and a crowd soon hits it between the two: it waits for itself and accepts nobody, ever.
 */
#include "lab/servers/laboratory.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 5

static __attribute__((format(printf, 1, 2))) void log_info(const char *format, ...)
{
	const time_t now = time(NULL);
	char text[16];
	va_list arguments;

	strftime(text, sizeof(text), "%H:%M:%S", localtime(&now));
	printf("%s [INFO] [%d] ", text, (int)getpid());
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

static void collect_zombie_children(int number)
{
	const int saved_errno = errno;
	int status = 0;
	pid_t pid;

	(void)number;
	do {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid >= 0)
			log_info("Vanish children pid=%d status=%d", (int)pid, status); /* the mistake: (2) */
	} while (pid > 0);
	errno = saved_errno;
}

static int calculate(const char *expression, char *answer, size_t size)
{
	long left, right;
	char operator;

	if (sscanf(expression, "%ld %c %ld", &left, &operator, & right) != 3)
		return snprintf(answer, size, "SyntaxError\r\n");
	switch (operator) {
	case '+':
		return snprintf(answer, size, "%ld\r\n", left + right);
	case '-':
		return snprintf(answer, size, "%ld\r\n", left - right);
	case '*':
		return snprintf(answer, size, "%ld\r\n", left * right);
	default:
		return snprintf(answer, size, "SyntaxError\r\n");
	}
}

static void handle(int connection, unsigned int work_ms)
{
	char in_buffer[1024] = "", out_buffer[64];
	size_t length = 0;

	while (length == 0 || in_buffer[length - 1] != '\n') {
		const ssize_t got = recv(connection, in_buffer + length, sizeof(in_buffer) - 1 - length, 0);

		if (got < 0 || length == sizeof(in_buffer) - 1)
			return;
		length += (size_t)got; /* the mistake: (1) got == 0 is the client's good-bye */
	}
	in_buffer[length] = '\0';
	log_info("In buffer = %.*s", (int)length - 1, in_buffer);
	laboratory_sleep(work_ms);
	send(connection, out_buffer, (size_t)calculate(in_buffer, out_buffer, sizeof(out_buffer)), 0);
	log_info("Done.");
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 300);
	const int listener = laboratory_listen(&laboratory, BACKLOG);
	const struct sigaction action = { .sa_handler = collect_zombie_children };

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0 && errno == EINTR)
			continue;
		if (connection < 0)
			laboratory_fail("accept");
		log_info("Accepted a client");
		pid = fork();
		if (pid == 0) {
			close(listener);
			handle(connection, laboratory.work_ms);
			return 0;
		}
		if (pid < 0)
			log_info("No process for a client");
		close(connection);
	}
}
