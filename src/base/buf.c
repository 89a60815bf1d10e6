/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>

#define DIGITS_MAX 20

static unsigned int count_digits(uint64_t value)
{
	unsigned int n = 1;

	for (uint64_t limit = 10; n < DIGITS_MAX && value >= limit; limit *= 10)
		n++;
	return n;
}

static void write_digits(char *text, uint64_t value, unsigned int n)
{
	for (; n > 0; value /= 10)
		text[--n] = (char)('0' + value % 10);
}

/* In place: what was written byte by byte and is then copied in one piece waits for all of them. */
void buf_putu_padded(struct buf *buf, uint64_t value, unsigned int width)
{
	unsigned int digits = count_digits(value);
	unsigned int n = digits > width ? digits : width;
	char cut[DIGITS_MAX];

	if (n > DIGITS_MAX)
		n = DIGITS_MAX;
	if (n <= buf->capacity - buf->size) {
		write_digits(buf->data + buf->size, value, n);
		buf->size += n;
		buf->data[buf->size] = '\0';
	} else {
		write_digits(cut, value, n);
		buf_put(buf, cut, n);
	}
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	size_t room = buf->capacity - buf->size;
	int n = vsnprintf(buf->data + buf->size, room + 1, format, args);

	if (n < 0) {
		buf->data[buf->size] = '\0';
		return;
	}
	if ((size_t)n > room) {
		buf->truncated = true;
		n = (int)room;
	}
	buf->size += (size_t)n;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}
