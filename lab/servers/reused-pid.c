/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: a number is not a process. Children may take 1.5 times --work, then they are
 * killed by their pid. The mistake: who ended in time was reaped elsewhere, and stays in the table of those to
 * kill. How it shows: the next client's child has that number, and is killed in the middle of its work: its client
 * has no answer. Numbers come round in minutes on a busy machine. Here they do at once, in a pid namespace of the
 * server's own, where each child is given the lowest free one; so nobody outside can be hit. Exits 69 where that is
 * not permitted.
 */
#include "lab/servers/laboratory.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 64
#define LOWEST_PID         100
#define CHILDREN_MAX       64

static const char http_response[] = "HTTP/1.1 200 OK\n\nHello, World!\n";

struct child {
	pid_t pid; /* 0: no entry */
	unsigned int client;
	int64_t kill_at_ms;
};

static struct child children[CHILDREN_MAX];

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static pid_t fork_with_lowest_pid(void)
{
	pid_t pid = LOWEST_PID;
	const struct clone_args arguments = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	long result;

	do
		result = syscall(SYS_clone3, &arguments, sizeof(arguments));
	while (result < 0 && errno == EEXIST && ++pid < LOWEST_PID + CHILDREN_MAX);
	return (pid_t)result;
}

static void reap(int number)
{
	const int saved_errno = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		; /* the mistake: the number is free now, and the table of children does not know */
	errno = saved_errno;
}

static void kill_the_late(void)
{
	for (struct child *child = children; child < children + CHILDREN_MAX; child++)
		if (child->pid > 0 && now_ms() >= child->kill_at_ms) {
			const bool hit = kill(child->pid, SIGKILL) == 0;

			laboratory_log("Client %u takes too long: kill %d%s", child->client, (int)child->pid,
				hit ? "" : ", which is nobody now");
			child->pid = 0;
		}
}

static void serve_client(int connection, unsigned int client, unsigned int work_ms)
{
	char request[1024];

	recv(connection, request, sizeof(request), 0);
	laboratory_log("Client %u is served by %d", client, (int)getpid());
	laboratory_sleep(work_ms);
	send(connection, http_response, sizeof(http_response) - 1, 0);
	laboratory_log("Client %u is answered", client);
	_exit(0);
}

static void take_client(int listener, unsigned int client, unsigned int work_ms)
{
	const int connection = accept(listener, NULL, NULL);
	struct child *child = children;
	pid_t pid;

	while (child < children + CHILDREN_MAX - 1 && child->pid)
		child++;
	/* Who has just ended shall be reaped before a number is chosen: its own. */
	laboratory_sleep(20);
	pid = fork_with_lowest_pid();
	if (pid == 0) {
		close(listener);
		serve_client(connection, client, work_ms);
	}
	if (pid > 0)
		*child = (struct child){ pid, client, now_ms() + work_ms * 3 / 2 };
	else
		laboratory_log("No process for client %u", client);
	close(connection);
}

static _Noreturn void serve_forever(const struct laboratory *laboratory)
{
	const struct sigaction action = { .sa_handler = reap, .sa_flags = SA_RESTART };
	struct pollfd listener = { .fd = laboratory_listen(laboratory, REQUEST_QUEUE_SIZE), .events = POLLIN };

	sigaction(SIGCHLD, &action, NULL);
	for (unsigned int client = 1;;) {
		if (poll(&listener, 1, 10) > 0)
			take_client(listener.fd, client++, laboratory->work_ms);
		kill_the_late();
	}
}

/* May we choose numbers in here? The first one tells. */
static void try_numbers(void)
{
	const pid_t pid = fork_with_lowest_pid();

	if (pid == 0)
		_exit(0);
	if (pid < 0) {
		fprintf(stderr, "reused-pid: may not choose pids in a namespace of its own: %s\n", strerror(errno));
		_exit(EX_UNAVAILABLE);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 500);
	int status;
	pid_t inner;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0) {
		fprintf(stderr, "reused-pid: may not have a pid namespace of its own: %s\n", strerror(errno));
		return EX_UNAVAILABLE;
	}
	inner = fork();
	if (inner == 0) {
		try_numbers();
		serve_forever(&laboratory);
	}
	if (inner < 0)
		laboratory_fail("fork");
	while (waitpid(inner, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
