/* SPDX-License-Identifier: MIT */
/*
 * What can be asked of a running supervisor: one function for each verb, called by orders.c (a signal asks, reply is
 * NULL, the log is told) and by control.c. Each answers exactly once, often long after the call has returned, and
 * sometimes from within it. In the supervisor's loop only.
 */
#ifndef SUPERVISE_VERBS_H
#define SUPERVISE_VERBS_H

#include <brood/brood.h>

#include "supervise/supervisor.h"

/* Whoever waits for an answer embeds one. */
struct verb_reply {
	struct list link; /* verbs.c's; zeroed at first */

	/* error: 0 or negative errno. sentence: why not; or what was done, or done only in part; never NULL, without a
	 * newline. Nobody touches the reply afterwards. */
	void (*done)(struct verb_reply *reply, int error, const char *sentence);

	/* verbs_upgrade, verbs_reload: the asker's connected socket, borrowed, or -1. It stays open over the exec; the new image finds
	 * it with control_adopt, and answers there. The reply itself is gone by then, and done was not called. */
	int fd;

	bool for_reload; /* verbs.c's: it asked for a reload, not for an upgrade */
};

/* The asker is gone: done is not called any more. Idempotent, also where nothing was asked. */
void verbs_forget(struct supervisor *supervisor, struct verb_reply *reply);

/* HUP: the configuration is read again; done when the new generation has taken over, or why the old one stays. */
void verbs_reload(struct supervisor *supervisor, struct verb_reply *reply);

/* USR2: the binary on disk takes over; done (by the new image) when its generation has, or why the old one stays. */
void verbs_upgrade(struct supervisor *supervisor, struct verb_reply *reply);

/* WINCH: every service drains and stops, the supervisor stays; a reload starts them again. Done when all have stopped. */
void verbs_drain(struct supervisor *supervisor, struct verb_reply *reply);

/* TERM, INT: done at once, when everybody has been told. */
void verbs_stop(struct supervisor *supervisor, enum stop stop, struct verb_reply *reply);

/* USR1: the log. Done when every service process writes to the new file: the old one gets nothing after that. */
void verbs_reopen(struct supervisor *supervisor, struct verb_reply *reply);

/* TTIN, TTOU: service NULL is the only one there is (-EINVAL and a hint with several). */
enum verbs_resize { VERBS_RESIZE_TO, VERBS_RESIZE_BY };
void verbs_resize(struct supervisor *supervisor, const char *service, enum verbs_resize how, int workers,
	struct verb_reply *reply);

/* Of the supervisor and of every service process; done at once. Until the next reload. */
void verbs_log_level(struct supervisor *supervisor, enum brood_level level, struct verb_reply *reply);

/* ---- For those who do it, or see that it is done ---- */

void verbs_init(struct supervisor *supervisor);

/* The reload, or the upgrade, is through: -errno and why, or 0 and what it left undone, or "". The next one may begin. */
void verbs_settled(struct supervisor *supervisor, int error, const char *text);

/* The binary that was asked for is executed now: whoever asked for the next one before this moment asked for this one. */
void verbs_share_upgrade(struct supervisor *supervisor);

/* Another image goes on, which knows of reloads and upgrades alone: everybody else is answered. */
void verbs_part(struct supervisor *supervisor);

/* The supervisor is told to stop: nothing else will be done any more. */
void verbs_stopping(struct supervisor *supervisor);

void verbs_stopped(struct supervisor *supervisor); /* one service more */
void verbs_process_ended(struct supervised *service);
void verbs_resized(struct supervised *service, int error, const char *text);
void verbs_reopened(struct supervised *service, int error, const char *text);

/* ---- Within verbs*.c ---- */

/* reply NULL: the log is told, if it is no. */
void verbs_answer(
	struct supervisor *supervisor, const char *verb, struct verb_reply *reply, int error, const char *text);
void verbs_answer_all(struct list *list, int error, const char *text);
void verbs_wait(struct list *list, struct verb_reply *reply); /* NULL is fine */

#endif
