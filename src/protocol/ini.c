/* SPDX-License-Identifier: MIT */
/*
 * Decides what is a section and what is a key; which of them exist is the callback's business. Invariant: every byte
 * of the file is either part of an entry, a comment, or an error with its line: nothing is skipped silently. Called
 * by cli/config_file.c.
 */
#include "protocol/ini.h"

#include <errno.h>
#include <string.h>

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
	       c == '_';
}

bool ini_is_name(const char *text)
{
	size_t size = 0;

	while (size <= INI_NAME_MAX && is_name_byte(text[size]))
		size++;
	return size > 0 && size <= INI_NAME_MAX && text[size] == '\0';
}

static char *skip_blanks(char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static void cut_blanks(char *text)
{
	size_t size = strlen(text);

	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		text[--size] = '\0';
}

/* Ends the word at *at, moves *at behind it and its blanks. */
static char *take_word(char **at)
{
	char *word = *at;

	while (is_name_byte(**at))
		(*at)++;
	if (**at == ' ' || **at == '\t')
		*(*at)++ = '\0';
	*at = skip_blanks(*at);
	return word;
}

static int call(struct ini *ini, const char *key, const char *value, struct sentence *why)
{
	struct ini_entry entry = { ini->line, ini->section, ini->name, key, value };

	return ini->fn(ini->arg, &entry, why);
}

static int begin_section(struct ini *ini, char *at, struct sentence *why)
{
	char *section, *name, *end = strchr(at, ']');

	if (!end)
		return sentence_set(why, -EINVAL, "a section is not closed: write [brood] or [service NAME]");
	if (*skip_blanks(end + 1))
		return sentence_set(
			why, -EINVAL, "something stands behind ']': write it, or a comment, on a line of its own");
	*end = '\0';
	at = skip_blanks(at);
	section = take_word(&at);
	name = take_word(&at);
	if (*at || *section == '\0')
		return sentence_set(why, -EINVAL,
			"this is no section: write [brood] or [service NAME], "
			"the name of letters, digits, '.', '-', '_'");
	if (strlen(section) > INI_NAME_MAX || strlen(name) > INI_NAME_MAX)
		return sentence_set(why, -E2BIG, "a section's name is longer than %d bytes", INI_NAME_MAX);
	strcpy(ini->section, section);
	strcpy(ini->name, name);
	ini->in_section = true;
	return call(ini, NULL, NULL, why);
}

static int take_key(struct ini *ini, char *key, struct sentence *why)
{
	char *equals = strchr(key, '=');
	char *value;

	if (!equals)
		return sentence_set(why, -EINVAL,
			"'%.40s' is neither a section nor a key: write KEY = VALUE, "
			"[brood] or [service NAME]",
			key);
	*equals = '\0';
	cut_blanks(key);
	if (strlen(key) > INI_NAME_MAX)
		return sentence_set(why, -E2BIG, "a key is longer than %d bytes", INI_NAME_MAX);
	if (!ini_is_name(key))
		return sentence_set(
			why, -EINVAL, "'%s' is no key: write KEY = VALUE, the key of letters, digits and '-'", key);
	value = skip_blanks(equals + 1);
	cut_blanks(value);
	if (*value == '\0')
		return sentence_set(
			why, -EINVAL, "'%s' has no value: write one behind '=', or leave the line out", key);
	if (!ini->in_section)
		return sentence_set(why, -EINVAL,
			"'%s' stands before the first section: begin with [brood] or [service NAME]", key);
	return call(ini, key, value, why);
}

/* Bytes that no editor shows do not belong here; they would come out again in logs. Tabs do no harm. */
static int check_bytes(const char *text, size_t size, struct sentence *why)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return sentence_set(
				why, -EINVAL, "there is a control byte (0x%02x) in column %zu", text[i], i + 1);
	return 0;
}

static int refuse_length(struct sentence *why)
{
	return sentence_set(why, -E2BIG, "this line is longer than %d bytes", INI_LINE_MAX);
}

static int take_line(struct ini *ini, struct sentence *why)
{
	char *at = ini->text;
	int r;

	if (ini->size > 0 && at[ini->size - 1] == '\r')
		ini->size--;
	if (ini->size > INI_LINE_MAX)
		return refuse_length(why);
	at[ini->size] = '\0';
	if (ini->line == 1 && strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	r = check_bytes(at, ini->size - (size_t)(at - ini->text), why);
	if (r < 0)
		return r;
	at = skip_blanks(at);
	if (*at == '\0' || *at == '#' || *at == ';')
		return 0;
	return *at == '[' ? begin_section(ini, at + 1, why) : take_key(ini, at, why);
}

void ini_begin(struct ini *ini, ini_entry_fn *fn, void *arg)
{
	ini->fn = fn;
	ini->arg = arg;
	ini->line = 1;
	ini->failed = 0;
	ini->in_section = false;
	ini->size = 0;
	ini->section[0] = ini->name[0] = '\0';
}

int ini_feed(struct ini *ini, const char *data, size_t size, struct sentence *why)
{
	while (size > 0 && ini->failed == 0) {
		const char *newline = memchr(data, '\n', size);
		size_t piece = newline ? (size_t)(newline - data) : size;

		if (piece > INI_LINE_MAX + 1 - ini->size) {
			ini->failed = refuse_length(why);
			break;
		}
		memcpy(ini->text + ini->size, data, piece);
		ini->size += piece;
		if (!newline)
			break;
		ini->failed = take_line(ini, why);
		ini->line += ini->failed == 0;
		ini->size = 0;
		data = newline + 1;
		size -= piece + 1;
	}
	return ini->failed;
}

int ini_end(struct ini *ini, struct sentence *why)
{
	if (ini->failed == 0 && ini->size > 0)
		ini->failed = take_line(ini, why);
	ini->size = 0;
	return ini->failed;
}
