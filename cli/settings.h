/* SPDX-License-Identifier: MIT */
/*
 * Values of options, and where each came from. A service has one struct settings; what concerns all of them (log,
 * pid file) is in one of its own. Sources may speak in any order: the stronger one wins.
 *
 * Functions of the command that can fail return 0, or an exit status of sysexits(3h) with its sentence in *why.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <brood/brood.h>

#include "base/sentence.h"
#include "cli/keep.h"
#include "cli/options.h"

#define SETTINGS_REPEATS_MAX 64 /* values of one repeatable option */

enum origin_kind { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_COMMAND_LINE }; /* weakest first */

struct origin {
	enum origin_kind kind;
	const char *file; /* ORIGIN_FILE; borrowed */
	unsigned int line;
};

/* A value as it was written. */
struct given {
	const char *text;
	struct origin origin;
	struct given *next; /* of the same option */
};

struct settings {
	/* Of all services. */
	int log_level;
	int log_format;
	const char *log_file;
	const char *pid_file;
	const char *control;
	const char *status_listen;

	/* Of one service. */
	const char *handler;
	const char *chdir;
	int umask; /* -1: as it is */
	struct brood_service service;

	struct given *given[OPTIONS_MAX]; /* by row of options_table; NULL: the default */
};

void settings_init(struct settings *settings);

/* Checks text whether or not it wins. Borrows text. The sentence is about the text alone: say where it stands. */
int settings_set(struct settings *settings, const struct option *option, const char *text, struct origin origin,
	struct keep *keep, struct sentence *why);

/* What was given for an option, by its name; NULL if nothing was. */
const struct given *settings_given(const struct settings *settings, const char *name);

/* "brood.ini:7: workers", "BROOD_WORKERS", "--workers": how sentences about a value begin. */
#define SETTINGS_WHERE_SIZE 256
const char *settings_where(const struct option *option, struct origin origin, char text[SETTINGS_WHERE_SIZE]);

/* The exit status of a mistake: usage, or configuration if it is in a file. */
int settings_status(struct origin origin);

#endif
