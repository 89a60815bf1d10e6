/* SPDX-License-Identifier: MIT */
/*
 * Decides how a server is started and what is left of it: nothing. Invariant: between server_start and server_stop everything
 * below the runner is that server's; the runner is the reaper of whoever loses its parent there. Called by stage.c.
 */
#include "lab/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/kin.h"
#include "process/orphans.h"

#define ASKED_MS  3000 /* to stop */
#define KILLED_MS 3000 /* until the last process is gone */
#define PAUSE_MS  5

/* ---- In the child ---- */

static void set_environment(void)
{
	static const char *const not_wanted[] = { "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "NOTIFY_SOCKET" };

	for (size_t i = 0; i < sizeof not_wanted / sizeof *not_wanted; i++)
		unsetenv(not_wanted[i]);
	setenv("BROOD_LAB", "1", 1);
}

/* program is open already: its path need not be one that the other user may walk. */
static void run(const struct server_plan *plan, int program, int output, pid_t parent)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), r = 0;

	setpgid(0, 0);
	set_environment();
	if (dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir(plan->directory) < 0)
		r = -errno;
	if (r == 0)
		r = bounds_set(&plan->bounds);
	if (r == 0)
		r = child_die_with_parent(parent, SIGKILL);
	if (r == 0) {
		execveat(program, "", (char *const *)plan->words, environ, AT_EMPTY_PATH);
		r = -errno;
	}
	dprintf(2, "cannot execute %s: %s\n", plan->program, strerror(-r));
	_exit(127);
}

/* ---- In the runner ---- */

int server_start(const struct server_plan *plan, struct server *ret_server, struct sentence *why)
{
	struct server server = { 0 };
	int program, ends[2], r;
	pid_t self = getpid();

	program = open(plan->program, O_PATH | O_CLOEXEC);
	if (program < 0)
		return sentence_set(why, -errno, "%s: %s", plan->program, strerror(errno));
	if (pipe2(ends, O_CLOEXEC) < 0) {
		r = sentence_set(why, -errno, "no pipe to be had: %s", strerror(errno));
		goto close_program;
	}
	r = child_spawn(false, &server.child);
	if (r == 0)
		run(plan, program, ends[1], self);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		sentence_set(why, r, "cannot start %s: %s", plan->program, strerror(-r));
		goto close_program;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	server.output = ends[0];
	*ret_server = server;
	r = 0;
close_program:
	close(program);
	return r;
}

bool server_has_ended(struct server *server)
{
	if (!server->ended)
		server->ended = child_reap(&server->child, &server->how) == 0;
	return server->ended;
}

static bool is_server(pid_t pid, void *arg)
{
	const struct server *server = arg;

	return pid == server->child.pid && !server->ended;
}

static void reap(struct server *server)
{
	bool more = true;

	for (int i = 0; i < 64 && more; i++) {
		server_has_ended(server);
		orphans_reap(is_server, server, &more);
	}
}

static void wait_a_little(void)
{
	poll(NULL, 0, PAUSE_MS);
}

void server_stop(struct server *server, bool gently)
{
	int64_t deadline_ns = clock_now_ns() + ASKED_MS * NS_PER_MS;

	if (gently && !server_has_ended(server))
		child_signal(&server->child, SIGINT);
	while (gently && !server_has_ended(server) && clock_now_ns() < deadline_ns)
		wait_a_little();
	deadline_ns = clock_now_ns() + KILLED_MS * NS_PER_MS;
	while (clock_now_ns() < deadline_ns) {
		/* Those that have been killed may have forked meanwhile: until nobody is left. */
		kin_kill();
		reap(server);
		if (server->ended && kin_count() == 0)
			break;
		wait_a_little();
	}
	child_close(&server->child);
	close(server->output);
	server->output = -1;
}
