/* SPDX-License-Identifier: MIT */
#include "protocol/escapes.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

#define OCTAL_DIGITS 3
#define HEX_DIGITS   2

/* These return how many characters behind the backslash were taken; 0: that is no escape. */

static size_t decode_octal(const char *text, char *ret_byte)
{
	unsigned int value = 0;
	size_t taken = 0;

	for (; taken < OCTAL_DIGITS && text[taken] >= '0' && text[taken] <= '7'; taken++)
		value = value * 8 + (unsigned int)(text[taken] - '0');
	*ret_byte = (char)value;
	return value <= 255 ? taken : 0;
}

/* Unlike in C, two digits at most: what follows them may be a digit that stands for itself. */
static size_t decode_hex(const char *text, char *ret_byte)
{
	int value = 0;
	size_t taken = 0;

	for (; taken < HEX_DIGITS && hex_value(text[1 + taken]) >= 0; taken++)
		value = value * 16 + hex_value(text[1 + taken]);
	*ret_byte = (char)value;
	return taken > 0 ? 1 + taken : 0;
}

static size_t decode_one(const char *text, char *ret_byte)
{
	static const char letters[] = "abefnrtv\\'\"?", bytes[] = "\a\b\033\f\n\r\t\v\\'\"?";
	const char *letter = *text ? strchr(letters, *text) : NULL;

	if (letter) {
		*ret_byte = bytes[letter - letters];
		return 1;
	}
	return *text == 'x' ? decode_hex(text, ret_byte) : decode_octal(text, ret_byte);
}

int escapes_decode(const char *text, char *ret_bytes, size_t *ret_size, struct sentence *why)
{
	size_t size = 0, taken;

	for (const char *at = text; *at; at += taken, size++) {
		taken = 1;
		ret_bytes[size] = *at;
		if (*at != '\\')
			continue;
		taken = decode_one(at + 1, &ret_bytes[size]);
		if (taken == 0)
			return sentence_set(why, -EINVAL,
				"'%.4s' is no escape of C: write \\n, \\r, \\t, \\\\, \\0, \\x7f or \\177", at);
		taken++;
	}
	*ret_size = size;
	return 0;
}

static char letter_of(unsigned char byte)
{
	switch (byte) {
	case '\r':
		return 'r';
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\\':
		return '\\';
	default:
		return '\0';
	}
}

void escapes_encode(struct buf *text, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (const unsigned char *at = bytes, *end = at + size; at < end; at++) {
		char letter = letter_of(*at);

		if (letter)
			buf_put(text, (char[]){ '\\', letter }, 2);
		else if (*at >= ' ' && *at <= '~')
			buf_putc(text, (char)*at);
		else
			buf_put(text, (char[]){ '\\', 'x', digits[*at >> 4], digits[*at & 15] }, 4);
	}
}
