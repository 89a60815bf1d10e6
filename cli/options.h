/* SPDX-License-Identifier: MIT */
/*
 * The one table of options. The command line, the keys of a file, the variables of the environment, --help,
 * `check --print` and docs/reference/command.md are all read off it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
	OPTION_FLAG,   /* bool; no argument */
	OPTION_TEXT,   /* const char * */
	OPTION_NAME,   /* const char *, as ini_is_name has it */
	OPTION_CHOICE, /* int, one of .choices */
	OPTION_WORD,   /* const char *, the name of one of .choices; NULL where that has BROOD_OFF */
	OPTION_NUMBER, /* int, from 1 to .max, or BROOD_OFF where .may_be_off */
	OPTION_MS,     /* int, from 1 ms to .max, or BROOD_OFF */
	OPTION_SIZE,   /* int, from 1 to .max, or BROOD_OFF where .may_be_off */
	OPTION_KIB,    /* int, KiB, written as a size: 1 KiB to .max KiB, or BROOD_OFF */
	OPTION_RATE,   /* int, per minute, written "10/s", "600/m" or "3600/h"; or BROOD_OFF */
	OPTION_SWITCH, /* int: on is 1, off is BROOD_OFF */
	OPTION_MODE,   /* int, octal */
	OPTION_BYTES,  /* const void * and, next to it, size_t: text with escapes, at most .max bytes of it */
	OPTION_URL,    /* listen URLs; kept in settings.given alone */
	OPTION_STREAM, /* const char *, a URL with connections */
	OPTION_PAIR,   /* K=V; kept in settings.given alone */
	OPTION_ROUTE,  /* "GET /x HANDLER"; the same */
};

enum option_scope {
	OPTION_OF_COMMAND, /* .offset into struct args; command line only */
	OPTION_OF_ALL,     /* .offset into struct settings; [brood] in a file */
	OPTION_OF_SERVICE, /* .offset into struct settings; [service NAME] in a file */
};

struct option_choice {
	const char *name; /* NULL ends the list */
	int value;
	const char *help;
	bool later; /* not part of this version */
};

struct option {
	const char *heading; /* in --help, a line above this option; or NULL */
	const char *name;    /* --name, key in a file; BROOD_NAME in the environment */
	char letter;         /* -l, or 0 */
	bool repeats;
	bool check_only;   /* known to `brood check` alone */
	bool file_only;    /* has no option and no variable: the first word on the command line */
	bool may_be_off;   /* OPTION_NUMBER, OPTION_SIZE: "off" is none */
	bool off_the_file; /* no key: the section says it */
	enum option_kind kind;
	enum option_scope scope;
	const char *argument; /* "URL"; NULL with OPTION_FLAG */
	const struct option_choice *choices;
	int max;
	size_t offset;
	const char *initial;      /* the default, as one would write it; NULL: none */
	const char *initial_http; /* where a service speaks HTTP, if that differs */
	const char *help;
};

#define OPTIONS_MAX 128

/* Ended by a row without name. */
extern const struct option options_table[];

/* By name or letter; NULL if there is none. */
const struct option *options_find(const char *name);
const struct option *options_find_letter(char letter);
size_t options_row(const struct option *option);

/* BROOD_LOG_LEVEL; name_size of OPTIONS_VARIABLE_SIZE is enough. */
#define OPTIONS_VARIABLE_SIZE 64
const char *options_variable(const struct option *option, char name[OPTIONS_VARIABLE_SIZE]);

/* Whether the option is a key of [brood] (OPTION_OF_ALL) or of [service NAME] (OPTION_OF_SERVICE). */
bool options_is_key(const struct option *option, enum option_scope scope);

#endif
