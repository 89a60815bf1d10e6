/* SPDX-License-Identifier: MIT */
/*
 * Decodes first and resolves what was decoded, so that no spelling of a dot escapes; that an encoded slash is refused
 * (or is one) keeps this from changing where segments end. Invariant of the loop: buf begins with '/' and has no dot
 * segment but, perhaps, the one at its end that is still growing.
 */
#include "protocol/http1_uri.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

int http1_uri_escape(const char *text, size_t size)
{
	int high, low;

	if (size < 3)
		return -EINVAL;
	high = hex_value(text[1]);
	low = hex_value(text[2]);
	if (high < 0 || low < 0 || (high | low) == 0)
		return -EINVAL;
	return high << 4 | low;
}

/* The segment at the end of the path is complete. 1: it was a dot segment and is gone, the slash before it stays. */
static int resolve_segment(const char *path, size_t *size)
{
	const char *slash = memrchr(path, '/', *size);
	size_t before = (size_t)(slash - path), segment = *size - before - 1;

	if (segment == 1 && slash[1] == '.') {
		*size = before + 1;
		return 1;
	}
	if (segment != 2 || slash[1] != '.' || slash[2] != '.')
		return 0;
	if (before == 0)
		return -EINVAL; /* above the root */
	slash = memrchr(path, '/', before);
	*size = (size_t)(slash - path) + 1;
	return 1;
}

static int one_byte(const char *raw, size_t size, enum http1_uri_slash slash, size_t *ret_taken)
{
	int byte;

	*ret_taken = 1;
	if (*raw != '%')
		return *raw ? (unsigned char)*raw : -EINVAL;
	*ret_taken = 3;
	byte = http1_uri_escape(raw, size);
	return byte == '/' && slash == HTTP1_URI_REFUSE_SLASH ? -EINVAL : byte;
}

int http1_uri_path(const char *raw, size_t size, char *buf, size_t buf_size, enum http1_uri_slash slash)
{
	size_t used = 0, taken;
	int byte, r;

	if (size > 0 && *raw != '/')
		return -EINVAL;
	if (buf_size < 2)
		return -EMSGSIZE;
	buf[used++] = '/';
	for (size_t at = 1; at < size; at += taken) {
		byte = one_byte(raw + at, size - at, slash, &taken);
		if (byte < 0)
			return byte;
		r = byte == '/' ? resolve_segment(buf, &used) : 0;
		if (r < 0)
			return r;
		if (r > 0)
			continue; /* the slash that is there already stands for this one */
		if (used + 1 == buf_size)
			return -EMSGSIZE;
		buf[used++] = (char)byte;
	}
	r = resolve_segment(buf, &used);
	if (r < 0)
		return r;
	buf[used] = '\0';
	return 0;
}
