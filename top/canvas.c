/* SPDX-License-Identifier: MIT */
/* Invariant: whatever is put, a line has width cells of one printable letter each: nothing foreign reaches the terminal. */
#include "top/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE  512
#define ROWS_MAX   200000
#define FIRST_ROWS 64

const struct canvas_tree canvas_lines = { L"\u251c\u2500 ", L"\u2514\u2500 ", L"\u2502  ", L"   " };
const struct canvas_tree canvas_ascii = { L"|- ", L"`- ", L"|  ", L"   " };

void canvas_init(struct canvas *canvas, size_t width)
{
	*canvas = (struct canvas){ .width = width };
}

void canvas_fini(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){ 0 };
}

static bool grow(struct canvas *canvas)
{
	size_t capacity = canvas->capacity > 0 ? canvas->capacity * 2 : FIRST_ROWS;
	struct canvas_cell *cells;

	if (capacity > ROWS_MAX)
		return false;
	cells = reallocarray(canvas->cells, capacity * canvas->width, sizeof *cells);
	if (!cells)
		return false;
	canvas->cells = cells;
	canvas->capacity = capacity;
	return true;
}

void canvas_row(struct canvas *canvas)
{
	struct canvas_cell *line;

	if (canvas->height == canvas->capacity && !grow(canvas)) {
		canvas->failed = true;
		return;
	}
	line = canvas->cells + canvas->height++ * canvas->width;
	for (size_t i = 0; i < canvas->width; i++)
		line[i] = (struct canvas_cell){ L' ', CANVAS_PLAIN };
}

static struct canvas_cell *last_line(struct canvas *canvas)
{
	return canvas->cells + (canvas->height - 1) * canvas->width;
}

static void put_letter(struct canvas *canvas, size_t column, enum canvas_style style, wchar_t letter)
{
	if (!canvas->failed && canvas->height > 0 && column < canvas->width)
		last_line(canvas)[column] = (struct canvas_cell){ letter, style };
}

void canvas_style_row(struct canvas *canvas, enum canvas_style style)
{
	for (size_t i = 0; i < canvas->width && !canvas->failed && canvas->height > 0; i++)
		last_line(canvas)[i].style = style;
}

void canvas_put(struct canvas *canvas, size_t column, enum canvas_style style, const char *text)
{
	for (; *text; text++)
		put_letter(canvas, column++, style, *text >= ' ' && *text <= '~' ? (wchar_t)*text : L'?');
}

void canvas_printf(struct canvas *canvas, size_t column, enum canvas_style style, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	canvas_put(canvas, column, style, text);
}

void canvas_put_right(struct canvas *canvas, size_t end, enum canvas_style style, const char *text)
{
	size_t size = strlen(text);

	canvas_put(canvas, end > size ? end - size : 0, style, text);
}

void canvas_put_wide(struct canvas *canvas, size_t column, enum canvas_style style, const wchar_t *text)
{
	for (; *text; text++)
		put_letter(canvas, column++, style, *text);
}

const struct canvas_cell *canvas_line(const struct canvas *canvas, size_t row)
{
	return canvas->cells + row * canvas->width;
}
