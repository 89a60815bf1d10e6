/* SPDX-License-Identifier: MIT */
/* Text that grows. A failed allocation is remembered in `failed`, so that only the last step need look. */
#ifndef HANDLER_CALC_CALC_TEXT_H
#define HANDLER_CALC_CALC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct calc_text {
	char *data; /* NUL-terminated, owned; NULL while empty */
	size_t size;
	size_t capacity;
	bool failed;
};

void calc_text_fini(struct calc_text *text); /* a zeroed one needs no init */
void calc_text_put(struct calc_text *text, const char *data, size_t size);
void calc_text_puts(struct calc_text *text, const char *string);
__attribute__((format(printf, 2, 0))) void calc_text_vprintf(
	struct calc_text *text, const char *format, va_list args);
__attribute__((format(printf, 2, 3))) void calc_text_printf(struct calc_text *text, const char *format, ...);

#endif
