/* SPDX-License-Identifier: MIT */
/*
 * A handler that does what its clients ask for, and worse: for scenarios about what happens to the processes around it.
 * A request is a line; the answer is "PID LINE". What load does is asked for in the environment.
 */
#include <brood/brood.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORPHANS 100

static void leave_orphans(void)
{
	for (int i = 0; i < ORPHANS; i++) {
		pid_t between = fork();

		if (between != 0)
			continue;
		if (fork() == 0) {
			setsid(); /* nor in anybody's group */
			sleep(1);
		}
		_exit(0);
	}
}

static void spin(void)
{
	static volatile unsigned long turns;

	for (;;)
		turns++;
}

static int handle(struct brood_conn *conn, void *app)
{
	char line[256];
	ssize_t n;
	int ms, r;

	(void)app;
	while ((n = brood_readline(conn, line, sizeof line)) > 0) {
		if (strcmp(line, "crash\n") == 0)
			abort();
		if (strcmp(line, "exit\n") == 0)
			exit(EXIT_SUCCESS);
		if (strcmp(line, "spin\n") == 0)
			spin();
		if (strncmp(line, "log ", 4) == 0)
			brood_logf(conn, BROOD_INFO, "said %.*s", (int)strcspn(line, "\n"), line);
		if (strcmp(line, "orphans\n") == 0)
			leave_orphans();
		if (sscanf(line, "sleep %d", &ms) == 1 && brood_sleep(conn, ms) < 0)
			return -1;
		r = brood_printf(conn, "%d %s", (int)getpid(), line);
		if (r < 0)
			return r;
	}
	return (int)n;
}

static int load(void **app)
{
	const char *exit_status = getenv("LOAD_EXIT");
	const char *once = getenv("LOAD_ONCE");
	const char *until = getenv("LOAD_UNTIL"); /* this file is there */

	(void)app;
	if (exit_status)
		exit(atoi(exit_status));
	if (getenv("LOAD_CRASH"))
		abort();
	if (getenv("LOAD_FAIL"))
		return -1;
	while (until && access(until, F_OK) < 0)
		usleep(10000);
	if (getenv("LOAD_HANG"))
		for (;;)
			pause();
	/* The first service process lives, all others die: what is there the second time is no fault of the first. */
	if (once && access(once, F_OK) == 0)
		abort();
	if (once && fclose(fopen(once, "w")) != 0)
		return -1;
	return 0;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.handle = handle,
	.load = load,
	.summary = "does what it is asked, and worse",
	.demo_listen = "tcp://127.0.0.1:0",
};
