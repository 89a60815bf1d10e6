/* SPDX-License-Identifier: MIT */
/*
 * Decides where words begin and end. Invariant: what is written never outgrows what was read (each word's NUL takes
 * the place of the blank, or of the end, after it), so one buffer of the text's size is enough.
 */
#include "protocol/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct splitter {
	const char *at, *end;
	char *out;
	struct sentence *why;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static int single_quoted(struct splitter *splitter)
{
	while (splitter->at < splitter->end && *splitter->at != '\'')
		*splitter->out++ = *splitter->at++;
	if (splitter->at == splitter->end)
		return sentence_set(splitter->why, -EINVAL, "a ' quote is not closed: write ' at its end");
	splitter->at++;
	return 0;
}

/* A backslash stays, unless what follows is special between double quotes; before a newline both vanish. */
static int double_quoted(struct splitter *splitter)
{
	while (splitter->at < splitter->end && *splitter->at != '"') {
		char c = *splitter->at++;

		if (c == '\\' && splitter->at < splitter->end && memchr("\"\\$`\n", *splitter->at, 5)) {
			c = *splitter->at++;
			if (c == '\n')
				continue;
		}
		*splitter->out++ = c;
	}
	if (splitter->at == splitter->end)
		return sentence_set(splitter->why, -EINVAL, "a \" quote is not closed: write \" at its end");
	splitter->at++;
	return 0;
}

static int backslash(struct splitter *splitter)
{
	if (splitter->at == splitter->end)
		return sentence_set(
			splitter->why, -EINVAL, "a backslash stands at the end: write \\\\ for the byte itself");
	if (*splitter->at != '\n')
		*splitter->out++ = *splitter->at;
	splitter->at++;
	return 0;
}

static int one_word(struct splitter *splitter)
{
	int r = 0;

	while (r == 0 && splitter->at < splitter->end && !is_blank(*splitter->at)) {
		char c = *splitter->at++;

		if (c == '\'')
			r = single_quoted(splitter);
		else if (c == '"')
			r = double_quoted(splitter);
		else if (c == '\\')
			r = backslash(splitter);
		else
			*splitter->out++ = c;
	}
	return r;
}

static void skip_blanks(struct splitter *splitter)
{
	for (;;) {
		if (splitter->at < splitter->end && is_blank(*splitter->at))
			splitter->at++;
		else if (splitter->end - splitter->at >= 2 && memcmp(splitter->at, "\\\n", 2) == 0)
			splitter->at += 2; /* a continued line is no word */
		else
			return;
	}
}

int words_split(const char *text, size_t size, struct words *ret_words, struct sentence *why)
{
	struct splitter splitter = { .at = text, .end = text + size, .out = ret_words->text, .why = why };
	int r = 0;

	ret_words->count = 0;
	ret_words->word[0] = NULL;
	if (size > WORDS_TEXT_MAX)
		return sentence_set(why, -E2BIG, "a command is longer than %d bytes", WORDS_TEXT_MAX);
	if (memchr(text, '\0', size))
		return sentence_set(why, -EINVAL, "a command has a NUL byte");
	while (skip_blanks(&splitter), splitter.at < splitter.end) {
		if (ret_words->count == WORDS_MAX)
			r = sentence_set(why, -E2BIG, "a command has more than %d words", WORDS_MAX);
		else
			ret_words->word[ret_words->count++] = splitter.out;
		r = r < 0 ? r : one_word(&splitter);
		if (r < 0)
			break;
		*splitter.out++ = '\0';
	}
	if (r < 0)
		ret_words->count = 0;
	ret_words->word[ret_words->count] = NULL;
	return r;
}

/* Whatever means nothing to any shell; for us, less would do. */
static bool is_plain(const char *word)
{
	static const char marks[] = "%+,-./:=@_";

	if (!*word)
		return false;
	for (; *word; word++)
		if (!strchr(marks, *word) && !(*word >= '0' && *word <= '9') && !(*word >= 'a' && *word <= 'z') &&
			!(*word >= 'A' && *word <= 'Z'))
			return false;
	return true;
}

void words_quote(struct buf *text, const char *word)
{
	if (is_plain(word)) {
		buf_puts(text, word);
		return;
	}
	buf_putc(text, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_puts(text, "'\\'");
		buf_putc(text, *word);
	}
	buf_putc(text, '\'');
}
