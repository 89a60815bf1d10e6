/* SPDX-License-Identifier: MIT */
/*
 * The supervisor process: opens listeners, starts a service process for each service, restarts what dies, stops
 * what is told to. Never touches a client's byte, runs no handler code. Installs signal handlers: only for
 * processes that are brood's own.
 */
#ifndef SUPERVISE_SUPERVISE_H
#define SUPERVISE_SUPERVISE_H

#include <brood/brood.h>

#include "base/sentence.h"

struct log;
struct supervisor;

struct supervise_service {
	struct brood_service service; /* effective or not; .listen has its URLs */

	/* In the service process, before the engine sees the service: finds the handler (dlopen), parses its options.
	 * May be NULL. <0 with a sentence, which says itself where the mistake stands, and an exit status in *ret_exit:
	 * the service gives up at once. */
	int (*open)(struct supervise_service *self, int *ret_exit, struct sentence *why);
	void *open_arg;

	bool spare_busy;       /* a listener whose address is taken is skipped with a line */
	const char *label;     /* handler's name for the "listening on" line */
	const char *config_at; /* "file:line" of the service, or NULL */

	/* For each URL of .listen, in its order, where it was written ("file:line: listen", "--listen"): how sentences
	 * about it begin. NULL: all of them at config_at. */
	const char *const *listen_at;
};

struct supervise_config {
	struct supervise_service *services; /* borrowed */
	size_t service_count;
	struct log *log;         /* borrowed, open */
	const char *pid_file;    /* or NULL */
	const char *pid_file_at; /* where it was asked for ("--pid-file"), or NULL */
	bool has_config_file;    /* SIGHUP: see DESIGN 4 */

	/* Once, when every service that could be started is ready: for the command's own words. May be NULL. */
	void (*ready)(void *arg, const struct supervisor *supervisor);
	void *ready_arg;
};

/* For ready: whether any service listens on this URL, or had to go without it (spare_busy). */
bool supervise_listens_on(const struct supervisor *supervisor, const char *url);

/* Runs until stopped. Returns an exit status of sysexits(3h): see brood_main. Says "listening on URL (label,
 * model, N workers)" on stderr, one line per listener, at every log level. */
int supervise_run(const struct supervise_config *config);

#endif
