/* SPDX-License-Identifier: MIT */
/*
 * A command as text, split into words by the quoting of POSIX shells and nothing else of them: 'as is', "with \" \\
 * \$ \` escaped", \x outside. No variable, tilde, glob, operator or comment is ever expanded: $HOME is five bytes.
 */
#ifndef PROTOCOL_WORDS_H
#define PROTOCOL_WORDS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/sentence.h"

#define WORDS_MAX      256
#define WORDS_TEXT_MAX 4096

/* Filled in place: the words point into text, so it must not be moved. */
struct words {
	size_t count;
	char *word[WORDS_MAX + 1]; /* ended by NULL, as execve wants it */
	char text[WORDS_TEXT_MAX + 1];
};

/* 0 (perhaps no words at all), or -EINVAL (a quote or backslash without its end), -E2BIG (a limit), with a
 * sentence. */
int words_split(const char *text, size_t size, struct words *ret_words, struct sentence *why);

/* The other way round: one word, in quotes where it needs them. */
void words_quote(struct buf *text, const char *word);

#endif
