/* SPDX-License-Identifier: MIT */
/*
 * Grammar of the configuration file, fed in pieces of any size:
 *
 *   # a comment, at the beginning of a line only; ; is one too
 *   [section]            or [section NAME]
 *   key = value          blanks around both are cut off; all else belongs to the value, quotes, # and ; included
 *
 * Lines end in LF or CRLF, the last one may lack it; a byte order mark at the very beginning is skipped. No
 * allocation: one line is held in the parser.
 */
#ifndef PROTOCOL_INI_H
#define PROTOCOL_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sentence.h"

#define INI_LINE_MAX 4096 /* bytes of a line without its end */
#define INI_NAME_MAX 64   /* bytes of a section, a name, a key */

struct ini_entry {
	unsigned int line;
	const char *section;
	const char *name;  /* of the section, or "" */
	const char *key;   /* NULL: the section begins here */
	const char *value; /* never empty; NULL with key */
};

/* Everything in entry is borrowed for the call. <0 with a sentence ends the parsing with that. */
typedef int ini_entry_fn(void *arg, const struct ini_entry *entry, struct sentence *why);

struct ini {
	ini_entry_fn *fn;
	void *arg;
	unsigned int line; /* being read, from 1; after a failure the one at fault */
	int failed;
	bool in_section;
	size_t size;
	char section[INI_NAME_MAX + 1];
	char name[INI_NAME_MAX + 1];
	char text[INI_LINE_MAX + 2]; /* a line, the CR of a CRLF, a NUL */
};

void ini_begin(struct ini *ini, ini_entry_fn *fn, void *arg);

/* 0, or -EINVAL (grammar), -E2BIG (a limit), or what fn returned, with a sentence; then for good. */
int ini_feed(struct ini *ini, const char *data, size_t size, struct sentence *why);
int ini_end(struct ini *ini, struct sentence *why);

/* Letters, digits, '.', '-', '_', from one to INI_NAME_MAX of them: what may name a section or a service. */
bool ini_is_name(const char *text);

#endif
