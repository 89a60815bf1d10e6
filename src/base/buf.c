/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

void buf_init(struct buf *buf, char *memory, size_t memory_size)
{
	buf->data = memory;
	buf->capacity = memory_size - 1;
	buf_reset(buf);
}

void buf_reset(struct buf *buf)
{
	buf->size = 0;
	buf->truncated = false;
	buf->data[0] = '\0';
}

void buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

void buf_put(struct buf *buf, const void *data, size_t size)
{
	size_t room = buf->capacity - buf->size;

	if (size > room) {
		size = room;
		buf->truncated = true;
	}
	memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

void buf_putu_padded(struct buf *buf, uint64_t value, unsigned int width)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (n > 0 && (value != 0 || sizeof digits - n < width));
	buf_put(buf, digits + n, sizeof digits - n);
}

void buf_putu(struct buf *buf, uint64_t value)
{
	buf_putu_padded(buf, value, 1);
}

void buf_puti(struct buf *buf, int64_t value)
{
	if (value < 0)
		buf_putc(buf, '-');
	buf_putu(buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
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
