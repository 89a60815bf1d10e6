/* SPDX-License-Identifier: MIT */
/* Decides how text grows: by half as much again. Once an allocation failed nothing more is added. */
#include "calc/calc_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void calc_text_fini(struct calc_text *text)
{
	free(text->data);
	*text = (struct calc_text){ 0 };
}

/* Room for size more bytes and a NUL. */
static bool reserve(struct calc_text *text, size_t size)
{
	size_t wanted = text->size + size + 1;
	char *data;

	if (text->failed || wanted <= text->capacity)
		return !text->failed;
	wanted += wanted / 2;
	data = realloc(text->data, wanted);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = wanted;
	return true;
}

void calc_text_put(struct calc_text *text, const char *data, size_t size)
{
	if (!reserve(text, size))
		return;
	memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void calc_text_puts(struct calc_text *text, const char *string)
{
	calc_text_put(text, string, strlen(string));
}

void calc_text_vprintf(struct calc_text *text, const char *format, va_list args)
{
	va_list again;
	int size;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		text->failed = true;
	else if (reserve(text, (size_t)size))
		text->size += (size_t)vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
}

void calc_text_printf(struct calc_text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	calc_text_vprintf(text, format, args);
	va_end(args);
}
