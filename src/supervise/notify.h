/* SPDX-License-Identifier: MIT */
/*
 * What whoever started the supervisor is told about it: the protocol of sd_notify(3), datagrams to NOTIFY_SOCKET. Never
 * waits, never fails: what cannot be told is one line at debug level.
 */
#ifndef SUPERVISE_NOTIFY_H
#define SUPERVISE_NOTIFY_H

#include <brood/brood.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "loop/loop.h"

struct supervisor;

struct notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t to_size;
	bool silent;         /* the last message failed, and that was said */
	int64_t watchdog_ns; /* how often to say that the loop turns */
	struct loop_timer watchdog;
};

/* As the environment says. The supervisor has its loop, log and pid. The variables stay: a binary that is executed in our
 * place needs them, too. */
void notify_open(struct supervisor *supervisor);
void notify_close(struct supervisor *supervisor);

/* In a process that was forked from the supervisor: its programs shall not speak for it. */
void notify_forget(void);

void notify_ready(struct supervisor *supervisor);     /* all services are, for the first time or again */
void notify_reloading(struct supervisor *supervisor); /* until the next notify_ready */
void notify_stopping(struct supervisor *supervisor);
void notify_status(struct supervisor *supervisor, const char *format, ...) BROOD_PRINTF(2, 3);

#endif
