/* SPDX-License-Identifier: MIT */
/*
 * A bounded text builder over memory of the caller's: appends what fits, remembers that something did
 * not, never allocates. Always NUL-terminated.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;
	size_t size;
	size_t capacity; /* without the NUL */
	bool truncated;
};

void buf_init(struct buf *buf, char *memory, size_t memory_size); /* memory_size >= 1 */
void buf_reset(struct buf *buf);
void buf_putc(struct buf *buf, char c);
void buf_put(struct buf *buf, const void *data, size_t size);
void buf_puts(struct buf *buf, const char *text);
void buf_putu(struct buf *buf, uint64_t value);
void buf_puti(struct buf *buf, int64_t value);
void buf_putu_padded(struct buf *buf, uint64_t value, unsigned int width); /* leading zeros */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);
__attribute__((format(printf, 2, 0))) void buf_vprintf(struct buf *buf, const char *format, va_list args);

#endif
