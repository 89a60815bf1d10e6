/* SPDX-License-Identifier: MIT */
/*
 * What the documents do not know: fork copies locks as they are, and of all threads only the one that calls it. A
 * library has an allocator of its own with a lock around it, and a thread that tidies up (--work each time).
 * glibc's malloc repairs its locks in the child; few others do. The mistake: fork while that thread holds the lock.
 * How it shows: in the child nobody is left to unlock it; its first allocation hangs for ever, without CPU, and so
 * does its client.
 */
#include "lab/servers/laboratory.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_QUEUE_SIZE 1024

/* ---- The library ---- */

static char pool[1 << 16];
static size_t pool_used;
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t pool_tidied;

static void *pool_take(size_t size)
{
	char *taken = NULL;

	pthread_mutex_lock(&pool_lock);
	if (size <= sizeof(pool) - pool_used) {
		taken = pool + pool_used;
		pool_used += size;
	}
	pthread_mutex_unlock(&pool_lock);
	return taken;
}

static void *pool_tidy_forever(void *work_ms)
{
	for (;;) {
		pthread_mutex_lock(&pool_lock);
		sem_post(&pool_tidied);
		laboratory_sleep(*(const unsigned int *)work_ms);
		pthread_mutex_unlock(&pool_lock);
	}
	return NULL;
}

/* Comes back when the thread is at work. */
static void pool_start(unsigned int *work_ms)
{
	pthread_t tidier;

	if (sem_init(&pool_tidied, 0, 0) < 0 || pthread_create(&tidier, NULL, pool_tidy_forever, work_ms) != 0)
		laboratory_fail("pool_start");
	sem_wait(&pool_tidied);
}

/* ---- The server ---- */

static void handle_request(int connection)
{
	char request[1024], *answer;
	int size;

	recv(connection, request, sizeof(request), 0);
	laboratory_log("Needs memory");
	answer = pool_take(128);
	laboratory_log("Has it");
	size = snprintf(answer, 128, "HTTP/1.1 200 OK\n\nHello, World!\n");
	send(connection, answer, (size_t)size, 0);
}

int main(int argc, char **argv)
{
	static struct laboratory laboratory;
	int listener;

	laboratory = laboratory_enter(argc, argv, 50);
	signal(SIGCHLD, SIG_IGN); /* children leave no zombies */
	pool_start(&laboratory.work_ms);
	listener = laboratory_listen(&laboratory, REQUEST_QUEUE_SIZE);
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		pid_t pid;

		if (connection < 0)
			laboratory_fail("accept");
		pid = fork(); /* the mistake: somebody else may hold pool_lock */
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
