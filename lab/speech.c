/* SPDX-License-Identifier: MIT */
/*
 * Decides what of a server's output matters. Invariant: bounded, whatever the server says: lines are cut, and beyond the first
 * SPEECH_LINES_MAX none is looked up any more. Called by stage.c.
 */
#include "lab/speech.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define LISTENING "listening on tcp://127.0.0.1:"

void speech_init(struct speech *speech)
{
	memset(speech, 0, sizeof *speech);
}

static void find_port(struct speech *speech)
{
	const char *found = strstr(speech->line, LISTENING);

	if (found && speech->port == 0)
		speech->port = atoi(found + strlen(LISTENING));
}

static void remember(struct speech *speech)
{
	/* Nobody here wants two lines to meet. */
	static const struct hash_secret secret = { { 0 } };
	uint64_t hash = hash_bytes(&secret, speech->line, speech->size);

	for (size_t i = 0; i < speech->known_count; i++)
		if (speech->known[i] == hash) {
			speech->twice++;
			return;
		}
	if (speech->known_count < SPEECH_LINES_MAX)
		speech->known[speech->known_count++] = hash;
}

static void end_line(struct speech *speech)
{
	speech->line[speech->size] = '\0';
	if (speech->size > 0) {
		speech->lines++;
		find_port(speech);
		remember(speech);
		memcpy(speech->last, speech->line, speech->size + 1);
	}
	speech->size = 0;
}

void speech_hear(struct speech *speech, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			end_line(speech);
		else if (speech->size < SPEECH_LINE - 1 && text[i] != '\r')
			speech->line[speech->size++] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
	}
}
