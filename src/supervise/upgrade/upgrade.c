/* SPDX-License-Identifier: MIT */
/*
 * Decides which binary goes on. Invariant: before the exec nothing has changed but flags of descriptors, which are changed
 * back when it fails; signals that come in between wait, blocked, for whoever runs then.
 */
#include "supervise/upgrade/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "supervise/control/control.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/legacy.h"
#include "supervise/verbs.h"

void upgrade_init(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	const struct legacy *legacy = supervisor->config->legacy;
	ssize_t size;

	upgrade->back_fd = -1;
	candidate_init(&upgrade->candidate);
	if (legacy) {
		upgrade->phase = UPGRADE_TAKING_OVER;
		upgrade->back_fd = legacy->back_fd;
		snprintf(upgrade->path, sizeof upgrade->path, "%s", legacy->binary);
		return;
	}
	size = readlink("/proc/self/exe", upgrade->path, sizeof upgrade->path - 1);
	upgrade->path[size < 0 ? 0 : size] = '\0';
}

/* ---- The exec ---- */

/* path NULL: what fd is open on. */
static int execute(const char *path, int fd, char *const *argv, const struct baton_writer *baton)
{
	char *words[CANDIDATE_WORDS_MAX], number[16];
	char *ours[] = { (char *)(uintptr_t)CANDIDATE_FROM_WORD, number, NULL };
	sigset_t all, before;
	int r;

	snprintf(number, sizeof number, "%d", baton->fd);
	candidate_words(argv, ours, words);
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

/* What was not taken up goes back as it came. */
static int tell(struct supervisor *supervisor, int back_fd, const char *failed, struct baton_writer *ret_baton)
{
	const struct legacy *legacy = supervisor->config->legacy;

	if (legacy && !legacy->taken_up)
		return legacy_copy(legacy, failed, ret_baton);
	return legacy_write(supervisor, back_fd, failed, ret_baton);
}

/* Those who wait for what the next image would not know of, and those whose answer is not sent yet. */
static void part_with_clients(struct supervisor *supervisor)
{
	verbs_part(supervisor);
	control_flush(supervisor);
}

static int hand_over(struct supervisor *supervisor, const char *path, int fd, int back_fd, const char *failed)
{
	struct baton_writer baton;
	sigset_t all, before;
	int r;

	part_with_clients(supervisor);
	r = tell(supervisor, back_fd, failed, &baton);
	if (r < 0)
		return r;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	if (supervisor->signals.fd >= 0)
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

	verbs_share_upgrade(supervisor);
	report_own(supervisor, BROOD_INFO, "upgrading",
		(struct log_field[]){ LOG_TEXT("binary", supervisor->upgrade.path) }, 1);
	if (back_fd >= 0) {
		r = hand_over(supervisor, supervisor->upgrade.path, -1, back_fd, NULL);
		close(back_fd);
	}
	sentence_set(&why, r, "cannot execute %.300s: %s", supervisor->upgrade.path, strerror(-r));
	failed(supervisor, why.text);
}

void upgrade_begin(struct supervisor *supervisor)
{
	struct sentence why;
	int r;

	supervisor->upgrade.phase = UPGRADE_CHECKING;
	r = candidate_start(supervisor);
	if (r == 0)
		return;
	sentence_set(&why, r, "cannot check the binary: %s", strerror(-r));
	failed(supervisor, why.text);
}

void upgrade_checked(struct supervisor *supervisor, const char *why)
{
	if (why)
		failed(supervisor, why);
	else
		go_ahead(supervisor);
}

void upgrade_abort(struct supervisor *supervisor)
{
	if (supervisor->upgrade.phase != UPGRADE_CHECKING)
		return;
	candidate_give_up(supervisor);
	supervisor->upgrade.phase = UPGRADE_NONE;
}

/* ---- In the new image ---- */

/* Our generation is the answer to all of them, unless there will be none. */
static bool is_answer(const struct supervisor *supervisor)
{
	return !supervisor->config->legacy->failed && !supervisor->drained;
}

static struct list *place_of(struct supervisor *supervisor, enum legacy_asked asked)
{
	struct verbs *verbs = &supervisor->verbs;

	if (is_answer(supervisor) || asked == LEGACY_UPGRADE)
		return &verbs->under_way;
	return asked == LEGACY_RELOAD ? &verbs->reload_waits : &verbs->upgrade_waits;
}

static void adopt_askers(struct supervisor *supervisor, struct legacy *legacy)
{
	struct verbs *verbs = &supervisor->verbs;

	for (size_t i = 0; i < legacy->asker_count; i++) {
		enum legacy_asked asked = legacy->askers[i].asked;
		bool heard = asked != LEGACY_NOTHING_YET;
		struct verb_reply *reply = control_adopt(supervisor, legacy->askers[i].fd, heard);

		if (!reply || !heard)
			continue;
		reply->for_reload = asked == LEGACY_RELOAD;
		list_append(place_of(supervisor, asked), &reply->link);
	}
	legacy->asker_count = 0;
	if (is_answer(supervisor)) {
		verbs->reload_carried = legacy->reload_wanted;
	} else {
		verbs->reload_wanted = legacy->reload_wanted;
		verbs->upgrade_wanted = legacy->upgrade_wanted;
	}
}

static void give_up_way_back(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	if (upgrade->back_fd >= 0)
		close(upgrade->back_fd);
	upgrade->back_fd = -1;
	legacy_drop(supervisor->config->legacy);
}

int upgrade_take_over(struct supervisor *supervisor, struct sentence *why)
{
	return legacy_take(supervisor->config->legacy, supervisor, why);
}

void upgrade_go_on(struct supervisor *supervisor)
{
	struct legacy *legacy = supervisor->config->legacy;

	adopt_askers(supervisor, legacy);
	if (legacy->failed) {
		give_up_way_back(supervisor);
		/* The image that failed told them that it reloads. */
		if (supervisor->said_ready)
			notify_ready(supervisor);
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
	give_up_way_back(supervisor);
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
	r = execute(NULL, legacy->back_fd, argv, &baton);
	baton_discard(&baton);
	return r;
}
