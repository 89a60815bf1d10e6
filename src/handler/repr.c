/* SPDX-License-Identifier: MIT */
/*
 * Decides how bytes are shown, like Python: double quotes only if there is a ' and no ", so that most texts need no
 * backslash. Called by handlers that answer or log what a client sent.
 */
#include "repr.h"

#include <string.h>

/* The letter of a two-byte escape, or 0. */
static char short_escape(unsigned char byte, char quote)
{
	switch (byte) {
	case '\t':
		return 't';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\\':
		return '\\';
	default:
		return (char)(byte == (unsigned char)quote ? quote : 0);
	}
}

size_t repr_bytes(const void *data, size_t size, char *text)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	char quote = memchr(data, '\'', size) && !memchr(data, '"', size) ? '"' : '\'';
	char *out = text;

	*out++ = 'b';
	*out++ = quote;
	for (size_t i = 0; i < size; i++) {
		char letter = short_escape(bytes[i], quote);

		if (letter) {
			*out++ = '\\';
			*out++ = letter;
		} else if (bytes[i] >= 0x20 && bytes[i] < 0x7f) {
			*out++ = (char)bytes[i];
		} else {
			*out++ = '\\';
			*out++ = 'x';
			*out++ = hex[bytes[i] >> 4];
			*out++ = hex[bytes[i] & 15];
		}
	}
	*out++ = quote;
	*out = '\0';
	return (size_t)(out - text);
}
