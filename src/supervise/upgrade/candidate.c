/* SPDX-License-Identifier: MIT */
/*
 * Decides whether the binary on disk may go on in our place: it was executed as a child, with our words, and said that it is
 * ready. Nothing is asked of it that needs our sockets, and nothing that it does is waited for but in the loop.
 */
#include "supervise/upgrade/candidate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/channel.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/baton.h"

/* To read a configuration and to load handlers. */
#define PATIENCE_MS    20000
#define EXIT_TEXT_SIZE 64

/* Of the end, in any case: that it is ready is its last line. */
#define OUTPUT_KEPT (CANDIDATE_OUTPUT_SIZE / 2)

/* Others wait for the loop. A read takes almost OUTPUT_KEPT, or all that there is: 33 of them empty a pipe of the usual
 * 64 KiB, and the last words of one who has ended are not missed. */
#define READS_A_TURN 64

/* Both must be ours: what is left to it, and how it talks to processes that another image has started. */
#define READY_FORMAT "READY legacy=%d channel=%d"

void candidate_say_ready(void)
{
	printf(READY_FORMAT "\n", BATON_VERSION, CHANNEL_VERSION);
}

void candidate_words(char *const *argv, char *const *ours, char *ret_words[CANDIDATE_WORDS_MAX])
{
	size_t count = 0;

	ret_words[count++] = *argv++;
	ret_words[count++] = *argv++;
	while (*ours && count < CANDIDATE_WORDS_MAX - 1)
		ret_words[count++] = *ours++;
	if (*argv && strcmp(*argv, CANDIDATE_FROM_WORD) == 0 && argv[1])
		argv += 2;
	while (*argv && count < CANDIDATE_WORDS_MAX - 1)
		ret_words[count++] = *argv++;
	ret_words[count] = NULL;
}

void candidate_init(struct candidate *candidate)
{
	candidate->child.pidfd = candidate->output_source.fd = -1;
}

static void end_check(struct candidate *candidate, struct loop *loop)
{
	loop_disarm(loop, &candidate->timer);
	loop_del(loop, &candidate->exit_source);
	loop_del(loop, &candidate->output_source);
	if (candidate->output_source.fd >= 0)
		close(candidate->output_source.fd);
	candidate->output_source.fd = -1;
	child_close(&candidate->child);
}

/* Whoever says more than we keep shall not wait for somebody to read it. */
static void make_room(struct candidate *candidate)
{
	size_t forgotten = candidate->output_size > OUTPUT_KEPT ? candidate->output_size - OUTPUT_KEPT : 0;

	candidate->output_size -= forgotten;
	memmove(candidate->output, candidate->output + forgotten, candidate->output_size);
}

/* False: there may be more. */
static bool read_output(struct candidate *candidate)
{
	const size_t most = sizeof candidate->output - 1;
	ssize_t n = 1;

	for (int i = 0; i < READS_A_TURN && n > 0; i++) {
		make_room(candidate);
		do
			n = read(candidate->output_source.fd, candidate->output + candidate->output_size,
				most - candidate->output_size);
		while (n < 0 && errno == EINTR);
		if (n > 0)
			candidate->output_size += (size_t)n;
	}
	candidate->output[candidate->output_size] = '\0';
	return n <= 0;
}

/* The last line that it said, without its name; or how it ended. */
static void explain(const struct candidate *candidate, const struct child_exit *exit, struct sentence *why)
{
	static const char name[] = "brood: ";
	char how[EXIT_TEXT_SIZE], last[SENTENCE_SIZE] = "";
	char text[CANDIDATE_OUTPUT_SIZE], *rest = NULL;

	memcpy(text, candidate->output, sizeof text);
	for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
		snprintf(last, sizeof last, "%.400s",
			line + (strncmp(line, name, sizeof name - 1) == 0 ? sizeof name - 1 : 0));
	child_exit_text(exit, how, sizeof how);
	if (exit->code == CLD_EXITED && exit->status != 0 && last[0])
		sentence_set(why, 0, "the binary refuses: %s", last);
	else
		sentence_set(why, 0, "the binary ended without being ready: %s%s%s", how, last[0] ? ": " : "", last);
}

static bool is_ready(const struct candidate *candidate, const struct child_exit *exit)
{
	char ready[64];

	snprintf(ready, sizeof ready, READY_FORMAT "\n", BATON_VERSION, CHANNEL_VERSION);
	/* A handler may have said anything before, zeros included. */
	return exit->code == CLD_EXITED && exit->status == 0 &&
	       memmem(candidate->output, candidate->output_size, ready, strlen(ready));
}

static void check_ended(struct loop_source *source, uint32_t events)
{
	struct supervisor *supervisor = container_of(source, struct supervisor, upgrade.candidate.exit_source);
	struct candidate *candidate = &supervisor->upgrade.candidate;
	struct child_exit exit;
	struct sentence why;

	(void)events;
	if (child_reap(&candidate->child, &exit) < 0)
		return;
	read_output(candidate);
	end_check(candidate, &supervisor->loop);
	if (is_ready(candidate, &exit)) {
		upgrade_checked(supervisor, NULL);
		return;
	}
	explain(candidate, &exit, &why);
	upgrade_checked(supervisor, why.text);
}

static void output_ready(struct loop_source *source, uint32_t events)
{
	struct supervisor *supervisor = container_of(source, struct supervisor, upgrade.candidate.output_source);

	if (read_output(&supervisor->upgrade.candidate) && events & EPOLLHUP)
		loop_del(&supervisor->loop, source);
}

static void check_overdue(struct loop_timer *timer)
{
	child_signal(&container_of(timer, struct candidate, timer)->child, SIGKILL);
}

static _Noreturn void run_check(struct supervisor *supervisor, int output_fd)
{
	char *words[CANDIDATE_WORDS_MAX];
	char *ours[] = { (char *)(uintptr_t)CANDIDATE_CHECK_WORD, NULL };
	int nothing = open("/dev/null", O_RDONLY);

	if (child_die_with_parent(supervisor->pid, SIGKILL) < 0 || nothing < 0)
		_exit(EXIT_FAILURE);
	dup2(nothing, STDIN_FILENO);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	candidate_words(supervisor->config->argv, ours, words);
	execve(supervisor->upgrade.path, words, environ);
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", supervisor->upgrade.path, strerror(errno));
	_exit(EXIT_FAILURE);
}

static int start(struct supervisor *supervisor)
{
	struct candidate *candidate = &supervisor->upgrade.candidate;
	struct loop *loop = &supervisor->loop;
	int ends[2], r;

	candidate->output_size = 0;
	candidate->output[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	r = child_spawn(false, &candidate->child);
	if (r == 0)
		run_check(supervisor, ends[1]);
	close(ends[1]);
	candidate->output_source = (struct loop_source){ .fd = ends[0], .ready = output_ready };
	candidate->exit_source = (struct loop_source){ .fd = candidate->child.pidfd, .ready = check_ended };
	if (r < 0)
		return r;
	candidate->timer.fire = check_overdue;
	loop_arm(loop, &candidate->timer, clock_now_ns() + PATIENCE_MS * NS_PER_MS);
	r = loop_add(loop, &candidate->output_source, EPOLLIN);
	return r == 0 ? loop_add(loop, &candidate->exit_source, EPOLLIN) : r;
}

/* Killed, it is soon over. */
void candidate_give_up(struct supervisor *supervisor)
{
	struct candidate *candidate = &supervisor->upgrade.candidate;

	if (candidate->child.pidfd >= 0) {
		child_signal(&candidate->child, SIGKILL);
		waitid(P_PIDFD, (id_t)candidate->child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	}
	end_check(candidate, &supervisor->loop);
}

int candidate_start(struct supervisor *supervisor)
{
	int r = start(supervisor);

	if (r < 0)
		candidate_give_up(supervisor);
	return r;
}
