/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: the thundering herd. Eight processes wait at one listener, each in an epoll of
 * its own. The mistake: no EPOLLEXCLUSIVE, so the kernel wakes all of them for each client. How it shows: a client
 * costs eight wake-ups, for one accept; most find nothing any more before epoll_wait even returns, some only when
 * accept says EAGAIN. Each answer tells the counts up to now, and SIGUSR1 has them printed.
 */
#include "lab/servers/laboratory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024
#define WORKERS            8

struct counts {
	atomic_uint clients, in_vain;
	pid_t workers[WORKERS];
};

static struct counts *counts;

/* Every time a sleeper wakes up it had gone to sleep: the kernel counts that as a voluntary switch. */
static unsigned long wake_ups(pid_t pid)
{
	char path[64], line[128];
	unsigned long found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &found) == 1)
			break;
	if (file)
		fclose(file);
	return found;
}

static void tell(char *text, size_t size)
{
	unsigned long total = 0;

	for (int i = 0; i < WORKERS; i++)
		total += wake_ups(counts->workers[i]);
	snprintf(text, size, "clients %u, wake-ups %lu, accepts in vain %u\n", atomic_load(&counts->clients), total,
		atomic_load(&counts->in_vain));
}

static void handle_request(int connection)
{
	char request[1024], answer[128] = "HTTP/1.1 200 OK\n\n";
	const size_t length = strlen(answer);

	recv(connection, request, sizeof(request), 0);
	tell(answer + length, sizeof(answer) - length);
	send(connection, answer, strlen(answer), 0);
}

static _Noreturn void work(int listener)
{
	struct epoll_event event = { .events = EPOLLIN }; /* the mistake: without EPOLLEXCLUSIVE */
	const int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int connection;

		epoll_wait(epoll, &event, 1, -1);
		connection = accept(listener, NULL, NULL);
		if (connection < 0 && errno == EAGAIN) {
			atomic_fetch_add(&counts->in_vain, 1);
			continue;
		}
		if (connection < 0)
			laboratory_fail("accept");
		atomic_fetch_add(&counts->clients, 1);
		handle_request(connection);
		close(connection);
	}
}

int main(int argc, char **argv)
{
	const struct laboratory laboratory = laboratory_enter(argc, argv, 0);
	const int listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	char text[128];
	sigset_t told;
	int number;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		laboratory_fail("mmap");
	fcntl(listener, F_SETFL, O_NONBLOCK);
	sigemptyset(&told);
	sigaddset(&told, SIGUSR1);
	sigprocmask(SIG_BLOCK, &told, NULL);
	for (int i = 0; i < WORKERS; i++) {
		const pid_t pid = fork();

		if (pid == 0)
			work(listener);
		if (pid < 0)
			laboratory_fail("fork");
		counts->workers[i] = pid;
	}
	while (sigwait(&told, &number) == 0) {
		tell(text, sizeof(text));
		laboratory_log("%s", text);
	}
}
