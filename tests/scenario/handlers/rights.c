/* SPDX-License-Identifier: MIT */
/* Tells its client, a line each, which rights it has, which it had in load and before, and what it gets by asking. */
#include <brood/brood.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static uid_t uid_in_constructor, uid_in_load;

__attribute__((constructor)) static void construct(void)
{
	uid_in_constructor = geteuid();
}

static int load(void **app)
{
	const char *ms = getenv("LOAD_MS");

	(void)app;
	uid_in_load = geteuid();
	return usleep(ms ? (useconds_t)atoi(ms) * 1000 : 0);
}

static void tell_file(struct brood_conn *conn, const char *path)
{
	char text[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (n > 0)
		brood_write(conn, text, (size_t)n);
	if (fd >= 0)
		close(fd);
}

static void tell_call(struct brood_conn *conn, const char *name, int result)
{
	brood_printf(conn, "%s:\t%s\n", name, result == 0 ? "done" : strerrorname_np(errno));
}

static void tell_limits(struct brood_conn *conn)
{
	struct rlimit files, core;

	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_CORE, &core);
	brood_printf(conn, "files:\t%lld %lld\ncore:\t%lld %lld\n", (long long)files.rlim_cur,
		(long long)files.rlim_max, (long long)core.rlim_cur, (long long)core.rlim_max);
}

static void tell_variables(struct brood_conn *conn)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID",
		"LISTEN_FDS", "LISTEN_FDNAMES" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			brood_printf(conn, "variable:\t%s\n", names[i]);
}

static int handle(struct brood_conn *conn, void *app)
{
	char asked[64], directory[PATH_MAX];
	int death_signal = 0;

	(void)app;
	while (brood_read(conn, asked, sizeof asked) > 0)
		continue;
	tell_file(conn, "/proc/self/status");
	brood_printf(conn, "score:\t");
	tell_file(conn, "/proc/self/oom_score_adj");
	brood_printf(conn, "\nconstructor:\t%u\nload:\t%u\n", uid_in_constructor, uid_in_load);
	tell_call(conn, "setuid", setuid(0));
	tell_call(conn, "setgid", setgid(0));
	tell_call(conn, "shadow", access("/etc/shadow", R_OK));
	brood_printf(conn, "etc:\t%s\n", access("/etc", F_OK) == 0 ? "seen" : "unseen");
	brood_printf(conn, "cwd:\t%s\n", getcwd(directory, sizeof directory) ? directory : "?");
	prctl(PR_GET_PDEATHSIG, &death_signal);
	brood_printf(conn, "dies:\t%d\ndumpable:\t%d\n", death_signal, prctl(PR_GET_DUMPABLE));
	tell_limits(conn);
	tell_variables(conn);
	return 0;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.load = load,
	.handle = handle,
	.summary = "tells which rights it has",
	.demo_listen = "tcp://127.0.0.1:7010",
};
