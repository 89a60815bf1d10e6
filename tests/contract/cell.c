/* SPDX-License-Identifier: MIT */
/* The life of a cell: shared memory, the engine's process, and what must be left of it (nothing). */
#include "cell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_SIZE  (256 * 1024)
#define ORPHAN_MS 2000 /* from the end of its parent to the end of a process */

/* The one engine of the engine's process: a signal handler has no other way to it. */
static struct brood *volatile running;
static struct cell *current;

long long cell_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void cell_sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

void cell_fail(const char *file, int line, const char *format, ...)
{
	char text[1024];
	const char *base = strrchr(file, '/');
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	printf("    %s:%d: %s\n", base ? base + 1 : file, line, text);
	if (current && current->witness->why[0])
		printf("    engine: %s\n", current->witness->why);
	if (current && current->log_fd >= 0)
		printf("%s", cell_log(current));
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

void cell_check_text(const char *file, int line, const char *what, const char *value, const char *wanted)
{
	if (strcmp(value, wanted) != 0)
		cell_fail(file, line, "%s is \"%s\", not \"%s\"", what, value, wanted);
}

void cell_begin(struct cell *cell)
{
	current = cell;
	cell->witness = mmap(NULL, sizeof *cell->witness, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cell->witness == MAP_FAILED) {
		perror("mmap");
		_exit(EXIT_FAILURE);
	}
	cell->log_fd = memfd_create("log", MFD_CLOEXEC);
	CHECK(cell->log_fd >= 0);
	CHECK(fcntl(cell->log_fd, F_SETFL, O_APPEND) == 0);
	snprintf(cell->url, sizeof cell->url, "%s%s%s", cell->transport->url,
		cell_is_unix(cell) ? cell->directory : "", cell_is_unix(cell) ? "/s" : "");
	/* What the engine's process leaves behind comes to us, and is found. */
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
}

/* Whoever lost its parent came to us. That the engine's process waited for its own children it says itself. */
static void join_orphans(void)
{
	long long until_ms = cell_now_ms() + ORPHAN_MS;

	while (waitpid(-1, NULL, WNOHANG | __WALL) >= 0) {
		if (cell_now_ms() > until_ms)
			cell_fail(__FILE__, __LINE__, "a process is left behind");
		cell_sleep_ms(1);
	}
	CHECK_INT(errno, ECHILD);
}

void cell_end(struct cell *cell)
{
	if (cell->engine)
		cell_stop(cell);
	if (rmdir(cell->directory) < 0)
		cell_fail(__FILE__, __LINE__, "a file is left in %s", cell->directory);
	join_orphans();
}

/* ---- The engine's process ---- */

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static int children_left(void)
{
	siginfo_t left = { .si_pid = 0 };

	return waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

static void write_log(void *arg, enum brood_level level, const char *line, size_t size)
{
	const struct cell *cell = arg;

	(void)level;
	if (write(cell->log_fd, line, size) < 0)
		return;
}

static void on_term(int signal)
{
	(void)signal;
	if (running)
		brood_stop(running);
}

static int start(struct cell *cell, struct brood *engine, const struct brood_service *service)
{
	struct witness *witness = cell->witness;
	int r = brood_add(engine, service);

	brood_log_to(engine, BROOD_DEBUG, write_log, cell);
	if (r == 0)
		r = brood_start(engine);
	if (r < 0) {
		snprintf(witness->why, sizeof witness->why, "%s", brood_error(engine));
		return r;
	}
	for (size_t i = 0; i < 4 && brood_listening(engine, i); i++)
		snprintf(witness->url[i], sizeof witness->url[i], "%s", brood_listening(engine, i));
	return 0;
}

static void run_engine(struct cell *cell, const struct brood_service *service)
{
	struct witness *witness = cell->witness;
	struct brood *engine;
	int r;

	if (cell->prepare)
		cell->prepare(cell);
	witness->descriptors_before = open_descriptors();
	engine = brood_new();
	CHECK(engine);
	r = start(cell, engine, service);
	running = engine;
	witness->started = r < 0 ? r : 1;
	if (r == 0) {
		r = cell->drive ? cell->drive(cell, engine) : brood_run(engine);
		snprintf(witness->why, sizeof witness->why, "%s", brood_error(engine));
	}
	running = NULL;
	witness->result = r;
	brood_free(engine);
	witness->descriptors_after = open_descriptors();
	witness->children_after = children_left();
	witness->over = 1;
}

void cell_serve(struct cell *cell, const struct brood_service *service)
{
	struct brood_service effective = *service;
	pid_t parent = getpid();
	pid_t pid;

	if (!effective.name)
		effective.name = "cell";
	if (!effective.listen)
		effective.listen = cell->url;
	if (!effective.app)
		effective.app = cell->witness;
	effective.model = cell->model->model;
	effective.fresh = cell->model->fresh;
	if (!effective.last_words && cell->model->last_words) {
		effective.last_words = cell->model->last_words;
		effective.last_words_size = strlen(cell->model->last_words);
	}
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		signal(SIGTERM, on_term);
		run_engine(cell, &effective);
		/* Threads that never come back would be met by the destructors of exit. */
		fflush(stdout);
		if (cell->leaks)
			_exit(EXIT_SUCCESS);
		exit(EXIT_SUCCESS);
	}
	cell->engine = pid;
	WAIT_FOR(cell->witness->started != 0);
	if (cell->witness->started < 0)
		cell_fail(__FILE__, __LINE__, "the engine does not start: %s", cell->witness->why);
}

/* ---- The judging process ---- */

bool cell_is_inet4(const struct cell *cell)
{
	return cell->transport->family == AF_INET;
}

bool cell_is_unix(const struct cell *cell)
{
	return cell->transport->family == AF_UNIX;
}

bool cell_is_bounded(const struct cell *cell)
{
	return cell->model->bound != 0;
}

bool cell_is_isolated(const struct cell *cell)
{
	return cell->model->isolated;
}

bool cell_has_processes(const struct cell *cell)
{
	return cell->model->processes;
}

bool cell_has_control(const struct cell *cell)
{
	return !cell->model->many;
}

bool cell_is_shared(const struct cell *cell)
{
	return cell->model->bound != 0 && !cell->model->processes;
}

int cell_bound(struct cell *cell, struct brood_service *service, int bound)
{
	if (!cell->model->bound)
		return 1;
	*(int *)(void *)((char *)service + cell->model->bound) = bound;
	/* There it is each worker's. */
	if (cell->model->model == BROOD_EVENT)
		service->workers = 1;
	return bound;
}

void cell_signal(struct cell *cell)
{
	CHECK(kill(cell->engine, SIGTERM) == 0);
}

static int join(struct cell *cell)
{
	int status;
	pid_t pid = 0;

	WAIT_FOR((pid = waitpid(cell->engine, &status, WNOHANG)) != 0);
	CHECK_INT(pid, cell->engine);
	cell->engine = 0;
	return status;
}

void cell_join(struct cell *cell)
{
	const struct witness *witness = cell->witness;
	int status = join(cell);

	if (status != 0)
		cell_fail(__FILE__, __LINE__, "the engine's process ended with status 0x%x", status);
	CHECK_INT(witness->over, 1);
	if (cell->fails)
		CHECK(witness->result < 0 && witness->why[0]);
	else
		CHECK_INT(witness->result, 0);
	CHECK_INT(witness->children_after, 0);
	/* Where BROOD_CHECK_ARENA is set: core and the handlers of this suite leave a standing worker as it was. */
	if (!cell->hoards)
		CHECK(!cell_logged(cell, "holds what it did not hold"));
	if (!cell->leaks)
		CHECK_INT(witness->descriptors_after, witness->descriptors_before - cell->takes);
}

void cell_stop(struct cell *cell)
{
	cell_signal(cell);
	cell_join(cell);
}

void cell_clean(const struct cell *cell)
{
	static const char *const names[] = { "s", "s.lock", "second", "second.lock" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", cell->directory, names[i]);
		unlink(path);
	}
}

int cell_join_dead(struct cell *cell)
{
	int status = join(cell);

	CHECK_INT(cell->witness->over, 0);
	cell_clean(cell);
	join_orphans(); /* its workers noticed that it is gone */
	return status;
}

const char *cell_log(struct cell *cell)
{
	static char text[LOG_SIZE];
	ssize_t n = pread(cell->log_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

bool cell_logged(struct cell *cell, const char *text)
{
	return strstr(cell_log(cell), text) != NULL;
}

unsigned long cell_log_number(struct cell *cell, const char *key)
{
	char wanted[64];
	const char *text = cell_log(cell);
	const char *found = NULL;

	snprintf(wanted, sizeof wanted, " %s=", key);
	for (const char *next = strstr(text, wanted); next; next = strstr(next + 1, wanted))
		found = next;
	if (!found)
		cell_fail(__FILE__, __LINE__, "no %s in the log", key);
	return strtoul(found + strlen(wanted), NULL, 10);
}

/* ---- In handlers ---- */

void witness_say(struct witness *witness, char letter)
{
	int i = witness->letters++;

	if (i < WITNESS_TEXT - 1)
		witness->order[i] = letter;
}

void witness_wait(const struct witness *witness, int go)
{
	while (witness->go < go)
		cell_sleep_ms(1);
}

void witness_finish(struct brood_conn *conn, void *app, const struct brood_end *end)
{
	struct witness *witness = app;

	(void)conn;
	while (atomic_flag_test_and_set(&witness->finishing))
		cell_sleep_ms(1);
	snprintf(witness->reason, sizeof witness->reason, "%s", end->reason);
	witness->error = end->error;
	witness->bytes_in = end->bytes_in;
	witness->bytes_out = end->bytes_out;
	witness->requests = end->requests;
	witness->duration_ms = end->duration_ms;
	atomic_flag_clear(&witness->finishing);
	witness->finished++;
}

int witness_hear(struct brood_conn *conn)
{
	char nowhere[4096];
	ssize_t n;

	while ((n = brood_read(conn, nowhere, sizeof nowhere)) > 0)
		continue;
	return (int)n;
}

int witness_echo(struct brood_conn *conn, void *app)
{
	char buf[4096];
	ssize_t n;
	int r;

	(void)app;
	while ((n = brood_read(conn, buf, sizeof buf)) > 0)
		if ((r = brood_write(conn, buf, (size_t)n)) < 0)
			return r;
	return (int)n;
}
