/* SPDX-License-Identifier: MIT */
#include "protocol/escapes.h"

#include <errno.h>

#include "base/hex.h"

/* What stands behind a backslash: how many characters of text it takes, or 0. */
static size_t decode_one(const char *text, char *ret_byte)
{
	int high, low;

	switch (*text) {
	case 'r':
		*ret_byte = '\r';
		return 1;
	case 'n':
		*ret_byte = '\n';
		return 1;
	case 't':
		*ret_byte = '\t';
		return 1;
	case '\\':
		*ret_byte = '\\';
		return 1;
	case 'x':
		high = hex_value(text[1]);
		low = high < 0 ? -1 : hex_value(text[2]);
		if (low < 0)
			return 0;
		*ret_byte = (char)(high << 4 | low);
		return 3;
	default:
		return 0;
	}
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
				"'%.4s' is no escape: write \\r, \\n, \\t, \\\\ or \\xHH with two hexadecimal digits",
				at);
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
