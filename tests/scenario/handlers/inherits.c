/* SPDX-License-Identifier: MIT */
/* Tells its client what a handler is born with, a line each: descriptors, signals, places, limits. */
#include <brood/brood.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell_descriptors(struct brood_conn *conn)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char path[PATH_MAX], target[PATH_MAX];
		int fd = atoi(entry->d_name);
		ssize_t size;

		snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
		size = readlink(path, target, sizeof target - 1);
		if (size < 0 || fd == dirfd(directory))
			continue;
		target[size] = '\0';
		brood_printf(conn, "fd %d %d %s\n", fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? 1 : 0, target);
	}
	if (directory)
		closedir(directory);
}

static void tell_signals(struct brood_conn *conn)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number < NSIG; number++) {
		if (sigismember(&mask, number) == 1)
			brood_printf(conn, "blocked %d\n", number);
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			brood_printf(conn, "%s %d\n", action.sa_handler == SIG_IGN ? "ignored" : "handled", number);
	}
}

static void tell_places(struct brood_conn *conn)
{
	char directory[PATH_MAX];
	mode_t mask = umask(0);
	int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);

	umask(mask);
	brood_printf(conn, "umask %03o\n", (unsigned int)mask);
	brood_printf(conn, "cwd %s\n", getcwd(directory, sizeof directory) ? directory : "?");
	brood_printf(conn, "tty %d\n", terminal >= 0);
	brood_printf(conn, "own-group %d\n", getpgrp() != getpgid(getppid()));
	if (terminal >= 0)
		close(terminal);
}

static void tell_limits(struct brood_conn *conn)
{
	struct rlimit limit;

	for (int which = 0; which < (int)RLIMIT_NLIMITS; which++)
		if (getrlimit((__rlimit_resource_t)which, &limit) == 0)
			brood_printf(conn, "limit %d %lld %lld\n", which, (long long)limit.rlim_cur,
				(long long)limit.rlim_max);
}

static int handle(struct brood_conn *conn, void *app)
{
	const char *variable = getenv("TOLD");
	char asked[64];

	(void)app;
	while (brood_read(conn, asked, sizeof asked) > 0)
		continue;
	tell_descriptors(conn);
	tell_signals(conn);
	tell_places(conn);
	tell_limits(conn);
	brood_printf(conn, "env %s\n", variable ? variable : "-");
	return 0;
}

/* The application's own descriptor, opened where it should be: its children keep it. */
static int load(void **app)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)app;
	return fd < 0 ? -1 : 0;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.load = load,
	.handle = handle,
	.summary = "tells what it was born with",
	.demo_listen = "tcp://127.0.0.1:7009",
};
