/* SPDX-License-Identifier: MIT */
/*
 * Handlers for brood beside the faulty servers, where those that it brings do not do the same: handlers.so:NAME. Each does what
 * its faulty server does for one client, as straight-line code; what surrounds the client is brood's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <brood/brood.h>

#define TIDY_MS 20

/* The head of a request, to its empty line. */
static int read_request(struct brood_conn *conn)
{
	char line[1024];
	ssize_t n;

	while ((n = brood_readline(conn, line, sizeof line)) > 0)
		if (strcmp(line, "\r\n") == 0 || strcmp(line, "\n") == 0)
			break;
	return n < 0 ? (int)n : 0;
}

static int answer(struct brood_conn *conn, const char *text)
{
	return brood_printf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", text);
}

/* ---- stolen-child: a library's child, and the status that it ends with ---- */

static int helper_handle(struct brood_conn *conn, void *app)
{
	FILE *helper = popen("echo $((6 * 7)); exit 3", "r");
	int said = 0, status, r = read_request(conn);
	char text[64];

	(void)app;
	if (!helper)
		return -errno;
	if (fscanf(helper, "%d", &said) != 1)
		said = -1;
	brood_sleep(conn, 100);
	status = pclose(helper);
	snprintf(text, sizeof text, "%d, status %d\n", said, status < 0 ? status : WEXITSTATUS(status));
	return r < 0 ? r : answer(conn, text);
}

const struct brood_handler helper = { .handle = helper_handle };

/* ---- stray-child: the child of the handler's own comes back from it ---- */

static int stray_handle(struct brood_conn *conn, void *app)
{
	int r = read_request(conn);
	pid_t pid;

	(void)app;
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0)
		return 0; /* the mistake */
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return answer(conn, "Hello, World!\n");
}

const struct brood_handler stray = { .handle = stray_handle };

/* ---- double-flush: a line waits in stdio's buffer while workers are made ---- */

static int buffered_load(void **app)
{
	(void)app;
	setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
	printf("[%d] the handler is loaded\n", (int)getpid()); /* the mistake: no fflush */
	return 0;
}

static int buffered_handle(struct brood_conn *conn, void *app)
{
	int r = read_request(conn);

	(void)app;
	if (r < 0)
		return r;
	answer(conn, "Hello, World!\n");
	exit(EXIT_SUCCESS); /* the mistake: no _exit */
}

const struct brood_handler buffered = { .load = buffered_load, .handle = buffered_handle };

/* ---- equal-random: a session for each client ---- */

/* Whenever a worker's memory begins: that is when the parent's state is not good enough any more. */
static int session_start(void *app)
{
	unsigned int seed;

	(void)app;
	if (getrandom(&seed, sizeof seed, 0) < 0)
		return -errno;
	srandom(seed);
	return 0;
}

static int session_handle(struct brood_conn *conn, void *app)
{
	char text[64];
	int r = read_request(conn);

	(void)app;
	snprintf(text, sizeof text, "session %08lx%08lx\n", random(), random());
	return r < 0 ? r : answer(conn, text);
}

const struct brood_handler session = { .start = session_start, .handle = session_handle };

/* ---- forked-lock: a library with an allocator, its lock, and a thread that tidies up ---- */

static char pool[1 << 16];
static size_t pool_used;
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;

static void *pool_take(size_t size)
{
	char *taken = NULL;

	pthread_mutex_lock(&pool_lock);
	if (size <= sizeof pool - pool_used) {
		taken = pool + pool_used;
		pool_used += size;
	}
	pthread_mutex_unlock(&pool_lock);
	return taken;
}

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = TIDY_MS * 1000000L }, NULL);
}

static void *pool_tidy_forever(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&pool_lock);
		rest();
		pthread_mutex_unlock(&pool_lock);
		rest();
	}
	return NULL;
}

static int locked_load(void **app)
{
	pthread_t tidier;

	(void)app;
	return -pthread_create(&tidier, NULL, pool_tidy_forever, NULL);
}

static int locked_handle(struct brood_conn *conn, void *app)
{
	int r = read_request(conn);
	char *text = pool_take(64);

	(void)app;
	if (r < 0 || !text)
		return r < 0 ? r : -ENOMEM;
	snprintf(text, 64, "Hello, World!\n");
	return answer(conn, text);
}

const struct brood_handler locked = { .load = locked_load, .handle = locked_handle };
