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

struct legacy;
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

/* One reading of the configuration, when it is read again. */
struct supervise_load {
	struct supervise_service *services;
	size_t service_count;
	int log_level, log_format; /* enum brood_level, enum log_format */
	const char *source;        /* the text that it was read from, or NULL */
	const char *unapplied;     /* a sentence about what of it waits for a restart, or NULL */
	void (*release)(struct supervise_load *self);
};

struct supervise_config {
	struct supervise_service *services; /* borrowed */
	size_t service_count;
	struct log *log;         /* borrowed, open */
	const char *pid_file;    /* or NULL */
	const char *pid_file_at; /* where it was asked for ("--pid-file"), or NULL */
	const char *control;     /* path of the control socket; NULL: see control_default_path */
	const char *control_at;
	const char *status_listen;    /* URL where health and metrics are asked for, or NULL */
	const char *status_listen_at; /* where it was written ("--status-listen"), or NULL */
	bool has_config_file;

	/* Reads the configuration again. 0 and a load; else a sentence that says where the mistake stands. NULL: what is above
	 * is all there is. */
	int (*reload)(void *arg, struct supervise_load **ret_load, struct sentence *why);
	void *reload_arg;

	/* To be executed again with the words of this command line, the first of which is the command's name and the second
	 * `serve`. NULL: there is no upgrade. */
	char *const *argv;
	const char *source;    /* the text that services were read from, or NULL */
	struct legacy *legacy; /* what the image before us left; or NULL */

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
