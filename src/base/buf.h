/* SPDX-License-Identifier: MIT */
/*
 * A bounded text builder over memory of the caller's: appends what fits, remembers that something did
 * not, never allocates. Always NUL-terminated. Inline, since mostly the size is a constant or one digit.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t size;
	size_t capacity; /* without the NUL */
	bool truncated;
};

void buf_putu_padded(struct buf *buf, uint64_t value, unsigned int width); /* leading zeros */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);
__attribute__((format(printf, 2, 0))) void buf_vprintf(struct buf *buf, const char *format, va_list args);

static inline void buf_reset(struct buf *buf)
{
	buf->size = 0;
	buf->truncated = false;
	buf->data[0] = '\0';
}

static inline void buf_init(struct buf *buf, char *memory, size_t memory_size) /* memory_size >= 1 */
{
	buf->data = memory;
	buf->capacity = memory_size - 1;
	buf_reset(buf);
}

static inline void buf_put(struct buf *buf, const void *data, size_t size)
{
	size_t room = buf->capacity - buf->size;

	if (size > room) {
		size = room;
		buf->truncated = true;
		memcpy(buf->data + buf->size, data, size);
	} else {
		memcpy(buf->data + buf->size, data, size); /* of the caller's size, which may be a constant */
	}
	buf->size += size;
	buf->data[buf->size] = '\0';
}

static inline void buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

static inline void buf_puts(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

static inline void buf_putu(struct buf *buf, uint64_t value)
{
	if (value < 10)
		buf_putc(buf, (char)('0' + value));
	else
		buf_putu_padded(buf, value, 1);
}

static inline void buf_puti(struct buf *buf, int64_t value)
{
	if (value < 0)
		buf_putc(buf, '-');
	buf_putu(buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

#endif
