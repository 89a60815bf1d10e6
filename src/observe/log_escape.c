/* SPDX-License-Identifier: MIT */
/*
 * Invariant: what comes out has no control character of ASCII or Unicode, no line separator, nothing that changes
 * the direction of writing, and is UTF-8. Runs of harmless bytes are copied at once; all else goes one by one.
 */
#include "observe/log_escape.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool is_plain(unsigned char byte, enum log_escape how)
{
	if (byte < ' ' || byte >= 0x7f)
		return false;
	return how == LOG_ESCAPE_MESSAGE || (byte != '"' && byte != '\\');
}

/* Bytes of the UTF-8 character at text (NUL-terminated), or 0 if there is none: no overlong forms, no surrogates. */
static size_t decode(const unsigned char *text, uint32_t *ret_character)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc2 ? 2 : 0;
	uint32_t character;

	if (size < 2 || text[0] > 0xf4) {
		*ret_character = text[0];
		return size == 1;
	}
	character = text[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3fu);
	}
	if (character < smallest[size] || (character >= 0xd800 && character < 0xe000) || character > 0x10ffff)
		return 0;
	*ret_character = character;
	return size;
}

/* Terminals obey the controls from 0x80 on too; the rest ends lines or makes them read other than they are. */
static bool is_harmless(uint32_t character)
{
	if (character < 0xa0 || character == 0x61c || character == 0xfeff)
		return false;
	if (character >= 0x200b && character <= 0x200f)
		return false;
	if (character >= 0x2028 && character <= 0x202e)
		return false;
	return character < 0x2060 || character > 0x206f;
}

static size_t put_hex(char *text, uint32_t value, unsigned int digits)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned int i = 0; i < digits; i++)
		text[i] = hex[value >> (4 * (digits - 1 - i)) & 15];
	return digits;
}

/* The escape of one character (or of one byte that is none); its size. */
static size_t write_escape(
	char escape[16], const unsigned char *text, size_t size, uint32_t character, enum log_escape how)
{
	size_t n = 0;

	if (how == LOG_ESCAPE_JSON && size == 0) {
		memcpy(escape, "\xef\xbf\xbd", 3);
		return 3;
	}
	if (how == LOG_ESCAPE_JSON) {
		memcpy(escape, "\\u", 2);
		return 2 + put_hex(escape + 2, character, 4);
	}
	for (size_t i = 0; i < (size == 0 ? 1 : size); i++) {
		memcpy(escape + n, "\\x", 2);
		n += 2 + put_hex(escape + n + 2, text[i], 2);
	}
	return n;
}

static bool put_whole(struct buf *buf, const void *data, size_t size)
{
	if (size > buf->capacity - buf->size)
		return false;
	buf_put(buf, data, size);
	return true;
}

/* Of a run, a part is fine. */
bool log_escape_run(struct buf *buf, const void *data, size_t size)
{
	size_t room = buf->capacity - buf->size;

	buf_put(buf, data, size < room ? size : room);
	return size <= room;
}

bool log_escape(struct buf *buf, const char *text, enum log_escape how)
{
	const unsigned char *at = (const void *)text;

	while (*at != '\0') {
		const unsigned char *run = at;
		uint32_t character = 0;
		char escape[16];
		size_t size;
		bool whole;

		while (is_plain(*at, how))
			at++;
		if (!log_escape_run(buf, run, (size_t)(at - run)))
			return false;
		if (*at == '\0')
			break;
		size = decode(at, &character);
		if (size > 1 && is_harmless(character))
			whole = put_whole(buf, at, size);
		else
			whole = put_whole(buf, escape, write_escape(escape, at, size, character, how));
		if (!whole)
			return false;
		at += size > 1 ? size : 1;
	}
	return true;
}

size_t log_escape_word(const char *text)
{
	const unsigned char *at = (const void *)text;

	while (is_plain(*at, LOG_ESCAPE_QUOTED) && *at != ' ' && *at != '=')
		at++;
	return *at == '\0' ? (size_t)(at - (const unsigned char *)text) : 0;
}
