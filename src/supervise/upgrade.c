/* SPDX-License-Identifier: MIT */
/*
 * Decides which binary goes on. Invariant: before the exec nothing has changed but flags of descriptors, which are changed
 * back when it fails; signals that come in between wait, blocked, for whoever runs then.
 */
#include "supervise/upgrade.h"

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
#include "supervise/control.h"
#include "supervise/legacy.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "supervise/verbs.h"

/* To read a configuration and to load handlers. */
#define CHECK_PATIENCE_MS 20000
#define WORDS_MAX         4096
#define EXIT_TEXT_SIZE    64

/* Both must be ours: what is left to it, and how it talks to processes that another image has started. */
#define READY_FORMAT "READY legacy=%d channel=%d"

void upgrade_say_ready(void)
{
	printf(READY_FORMAT "\n", BATON_VERSION, CHANNEL_VERSION);
}

void upgrade_init(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	const struct legacy *legacy = supervisor->config->legacy;
	ssize_t size;

	upgrade->back_fd = upgrade->child.pidfd = upgrade->output_source.fd = -1;
	if (legacy) {
		snprintf(upgrade->path, sizeof upgrade->path, "%s", legacy->binary);
		return;
	}
	size = readlink("/proc/self/exe", upgrade->path, sizeof upgrade->path - 1);
	upgrade->path[size < 0 ? 0 : size] = '\0';
}

/* ---- The exec ---- */

/* As given, with words of ours behind `serve`. Those that were there from an upgrade before are not. */
static void build_words(char *const *argv, char *const *ours, char *ret_words[WORDS_MAX])
{
	size_t count = 0;

	ret_words[count++] = *argv++;
	ret_words[count++] = *argv++;
	while (*ours && count < WORDS_MAX - 1)
		ret_words[count++] = *ours++;
	if (*argv && strcmp(*argv, UPGRADE_FROM_WORD) == 0 && argv[1])
		argv += 2;
	while (*argv && count < WORDS_MAX - 1)
		ret_words[count++] = *argv++;
	ret_words[count] = NULL;
}

/* path NULL: what fd is open on. */
static int execute(const char *path, int fd, char *const *argv, const struct baton_writer *baton)
{
	char *words[WORDS_MAX], number[16];
	char *ours[] = { (char *)(uintptr_t)UPGRADE_FROM_WORD, number, NULL };
	sigset_t all, before;
	int r;

	snprintf(number, sizeof number, "%d", baton->fd);
	build_words(argv, ours, words);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	baton_hold(baton, true);
	if (path)
		execve(path, words, environ);
	else
		execveat(fd, "", words, environ, AT_EMPTY_PATH);
	r = -errno;
	baton_hold(baton, false);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* What our handlers have taken note of, and we have not looked at yet: the next image would not know. */
static void give_signals_back(struct supervisor *supervisor)
{
	uint32_t came = signals_take(&supervisor->signals);

	for (int signal = 1; signal < SIGNALS_COUNT; signal++)
		if (came & SIGNALS_BIT(signal))
			kill(supervisor->pid, signal);
}

static int hand_over(struct supervisor *supervisor, const char *path, int fd, int back_fd, const char *failed)
{
	struct baton_writer baton;
	sigset_t all, before;
	int r = legacy_write(supervisor, back_fd, failed, &baton);

	if (r < 0)
		return r;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	give_signals_back(supervisor);
	r = execute(path, fd, supervisor->config->argv, &baton);
	sigprocmask(SIG_SETMASK, &before, NULL);
	baton_discard(&baton);
	return r;
}

static void failed(struct supervisor *supervisor, const char *why)
{
	supervisor->upgrade.phase = UPGRADE_NONE;
	report_own(supervisor, BROOD_ERROR, "upgrade failed, everything goes on as before",
		(struct log_field[]){ LOG_TEXT("why", why) }, 1);
	verbs_settled(supervisor, -EINVAL, why);
}

static void go_ahead(struct supervisor *supervisor)
{
	struct sentence why;
	int back_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int r = -errno;

	report_own(supervisor, BROOD_INFO, "upgrading",
		(struct log_field[]){ LOG_TEXT("binary", supervisor->upgrade.path) }, 1);
	if (back_fd >= 0) {
		r = hand_over(supervisor, supervisor->upgrade.path, -1, back_fd, NULL);
		close(back_fd);
	}
	sentence_set(&why, r, "cannot execute %.300s: %s", supervisor->upgrade.path, strerror(-r));
	failed(supervisor, why.text);
}

/* ---- The check ---- */

static void end_check(struct upgrade *upgrade, struct loop *loop)
{
	loop_disarm(loop, &upgrade->timer);
	loop_del(loop, &upgrade->exit_source);
	loop_del(loop, &upgrade->output_source);
	if (upgrade->output_source.fd >= 0)
		close(upgrade->output_source.fd);
	upgrade->output_source.fd = -1;
	child_close(&upgrade->child);
}

static void read_output(struct upgrade *upgrade)
{
	size_t room = sizeof upgrade->output - 1 - upgrade->output_size;
	char rest[256];
	ssize_t n;

	do {
		/* Whoever says more shall not wait for somebody to read it. */
		n = room > 0 ? read(upgrade->output_source.fd, upgrade->output + upgrade->output_size, room)
			     : read(upgrade->output_source.fd, rest, sizeof rest);
		if (n > 0 && room > 0) {
			upgrade->output_size += (size_t)n;
			room -= (size_t)n;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	upgrade->output[upgrade->output_size] = '\0';
}

/* The last line that it said, without its name; or how it ended. */
static void explain(const struct upgrade *upgrade, const struct child_exit *exit, struct sentence *why)
{
	static const char name[] = "brood: ";
	char how[EXIT_TEXT_SIZE], last[SENTENCE_SIZE] = "";
	char text[UPGRADE_OUTPUT_SIZE], *rest = NULL;

	memcpy(text, upgrade->output, sizeof text);
	for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
		snprintf(last, sizeof last, "%.400s",
			line + (strncmp(line, name, sizeof name - 1) == 0 ? sizeof name - 1 : 0));
	child_exit_text(exit, how, sizeof how);
	if (exit->code == CLD_EXITED && exit->status != 0 && last[0])
		sentence_set(why, 0, "the binary refuses: %s", last);
	else
		sentence_set(why, 0, "the binary ended without being ready: %s%s%s", how, last[0] ? ": " : "", last);
}

static bool is_ready(const struct upgrade *upgrade, const struct child_exit *exit)
{
	char ready[64];

	snprintf(ready, sizeof ready, READY_FORMAT "\n", BATON_VERSION, CHANNEL_VERSION);
	return exit->code == CLD_EXITED && exit->status == 0 && strstr(upgrade->output, ready);
}

static void check_ended(struct loop_source *source, uint32_t events)
{
	struct supervisor *supervisor = container_of(source, struct supervisor, upgrade.exit_source);
	struct upgrade *upgrade = &supervisor->upgrade;
	struct child_exit exit;
	struct sentence why;

	(void)events;
	if (child_reap(&upgrade->child, &exit) < 0)
		return;
	read_output(upgrade);
	end_check(upgrade, &supervisor->loop);
	if (is_ready(upgrade, &exit)) {
		go_ahead(supervisor);
		return;
	}
	explain(upgrade, &exit, &why);
	failed(supervisor, why.text);
}

static void output_ready(struct loop_source *source, uint32_t events)
{
	struct supervisor *supervisor = container_of(source, struct supervisor, upgrade.output_source);

	read_output(&supervisor->upgrade);
	if (events & EPOLLHUP)
		loop_del(&supervisor->loop, source);
}

static void check_overdue(struct loop_timer *timer)
{
	child_signal(&container_of(timer, struct upgrade, timer)->child, SIGKILL);
}

static _Noreturn void run_check(struct supervisor *supervisor, int output_fd)
{
	char *words[WORDS_MAX];
	char *ours[] = { (char *)(uintptr_t)UPGRADE_CHECK_WORD, NULL };
	int nothing = open("/dev/null", O_RDONLY);

	if (child_die_with_parent(supervisor->pid, SIGKILL) < 0 || nothing < 0)
		_exit(EXIT_FAILURE);
	dup2(nothing, STDIN_FILENO);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	build_words(supervisor->config->argv, ours, words);
	execve(supervisor->upgrade.path, words, environ);
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", supervisor->upgrade.path, strerror(errno));
	_exit(EXIT_FAILURE);
}

static int start_check(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	struct loop *loop = &supervisor->loop;
	int ends[2], r;

	upgrade->output_size = 0;
	upgrade->output[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	r = child_spawn(false, &upgrade->child);
	if (r == 0)
		run_check(supervisor, ends[1]);
	close(ends[1]);
	upgrade->output_source = (struct loop_source){ .fd = ends[0], .ready = output_ready };
	upgrade->exit_source = (struct loop_source){ .fd = upgrade->child.pidfd, .ready = check_ended };
	if (r < 0)
		return r;
	upgrade->timer.fire = check_overdue;
	loop_arm(loop, &upgrade->timer, clock_now_ns() + CHECK_PATIENCE_MS * NS_PER_MS);
	r = loop_add(loop, &upgrade->output_source, EPOLLIN);
	return r == 0 ? loop_add(loop, &upgrade->exit_source, EPOLLIN) : r;
}

/* Killed, it is soon over. */
static void give_check_up(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	if (upgrade->child.pidfd >= 0) {
		child_signal(&upgrade->child, SIGKILL);
		waitid(P_PIDFD, (id_t)upgrade->child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	}
	end_check(upgrade, &supervisor->loop);
}

void upgrade_begin(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	struct sentence why;
	int r;

	upgrade->phase = UPGRADE_CHECKING;
	r = start_check(supervisor);
	if (r == 0)
		return;
	give_check_up(supervisor);
	sentence_set(&why, r, "cannot check the binary: %s", strerror(-r));
	failed(supervisor, why.text);
}

void upgrade_abort(struct supervisor *supervisor)
{
	if (supervisor->upgrade.phase != UPGRADE_CHECKING)
		return;
	give_check_up(supervisor);
	supervisor->upgrade.phase = UPGRADE_NONE;
}

/* ---- In the new image ---- */

/* It knows the services that were, and knows nothing of ours. */
static void end_status_process(const struct legacy *legacy)
{
	struct child child = { .pid = legacy->status_pid, .pidfd = legacy->status_pidfd };

	if (child.pidfd < 0)
		return;
	child_signal(&child, SIGKILL);
	waitid(P_PIDFD, (id_t)child.pidfd, &(siginfo_t){ 0 }, WEXITED | __WALL);
	child_close(&child);
}

static void adopt_askers(struct supervisor *supervisor, const struct legacy *legacy)
{
	for (size_t i = 0; i < legacy->asker_count; i++) {
		struct verb_reply *reply = control_adopt(supervisor, legacy->askers[i]);

		if (reply)
			list_append(&supervisor->verbs.under_way, &reply->link);
	}
}

int upgrade_take_over(struct supervisor *supervisor, struct sentence *why)
{
	struct legacy *legacy = supervisor->config->legacy;
	int r = legacy_take(legacy, supervisor, why);

	if (r < 0)
		return r;
	end_status_process(legacy);
	supervisor->upgrade.phase = UPGRADE_TAKING_OVER;
	supervisor->upgrade.back_fd = legacy->back_fd;
	return 0;
}

void upgrade_go_on(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	struct legacy *legacy = supervisor->config->legacy;

	adopt_askers(supervisor, legacy);
	legacy_drop_sockets(legacy);
	if (legacy->failed) {
		if (upgrade->back_fd >= 0)
			close(upgrade->back_fd);
		upgrade->back_fd = -1;
		failed(supervisor, legacy->failed);
	} else if (supervisor->drained) {
		upgrade_done(supervisor);
		verbs_settled(supervisor, 0, "");
	} else {
		reload_begin(supervisor);
	}
}

void upgrade_done(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	if (upgrade->phase != UPGRADE_TAKING_OVER)
		return;
	upgrade->phase = UPGRADE_NONE;
	if (upgrade->back_fd >= 0)
		close(upgrade->back_fd);
	upgrade->back_fd = -1;
	report_own(supervisor, BROOD_INFO, "upgraded",
		(struct log_field[]){
			LOG_TEXT("version", brood_version()),
			LOG_TEXT("from", supervisor->config->legacy->version),
		},
		2);
}

void upgrade_go_back(struct supervisor *supervisor, const char *why)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	int r = -ENOENT;

	if (upgrade->phase != UPGRADE_TAKING_OVER)
		return;
	upgrade->phase = UPGRADE_NONE;
	if (upgrade->back_fd >= 0)
		r = hand_over(supervisor, NULL, upgrade->back_fd, -1, why);
	report_own(supervisor, BROOD_ERROR, "no way back to the binary from before",
		(struct log_field[]){ LOG_TEXT("why", strerror(-r)) }, 1);
}

int upgrade_return(const struct legacy *legacy, char *const *argv, const char *why)
{
	struct baton_writer baton;
	int r = legacy->back_fd < 0 ? -ENOENT : legacy_copy(legacy, why, &baton);

	if (r < 0)
		return r;
	/* Told in the legacy: it is looked for on the other side. */
	fcntl(legacy->back_fd, F_SETFD, 0);
	r = execute(NULL, legacy->back_fd, argv, &baton);
	baton_discard(&baton);
	return r;
}
