/* SPDX-License-Identifier: MIT */
/* Lines of letters with a style each, as wide as the screen and as many as it takes. What it shows never depends on where. */
#ifndef TOP_CANVAS_H
#define TOP_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

enum canvas_style {
	CANVAS_PLAIN,
	CANVAS_TITLE,
	CANVAS_HEADING,
	CANVAS_DIM,
	CANVAS_GOOD,
	CANVAS_BUSY,
	CANVAS_WARN,
	CANVAS_BAD,
	CANVAS_STYLES
};

struct canvas_cell {
	wchar_t letter;
	enum canvas_style style;
};

struct canvas {
	size_t width, height;
	size_t capacity; /* rows that there is memory for */
	struct canvas_cell *cells;
	bool failed; /* no memory: rows are missing */
};

/* What trees are drawn with: lines, or letters where the terminal has no others. */
struct canvas_tree {
	const wchar_t *branch, *last, *trunk, *none; /* three letters each */
};
extern const struct canvas_tree canvas_lines, canvas_ascii;

void canvas_init(struct canvas *canvas, size_t width);
void canvas_fini(struct canvas *canvas);

/* One more line, blank; what follows is written there. */
void canvas_row(struct canvas *canvas);
void canvas_style_row(struct canvas *canvas, enum canvas_style style); /* all of it, as a bar */

/* From this column on, cut at the edge. Bytes that are no printable ASCII come out as '?'. */
void canvas_put(struct canvas *canvas, size_t column, enum canvas_style style, const char *text);
__attribute__((format(printf, 4, 5))) void canvas_printf(
	struct canvas *canvas, size_t column, enum canvas_style style, const char *format, ...);

/* Its last letter in the column before end; cut on the left side of begin never: texts are shorter. */
void canvas_put_right(struct canvas *canvas, size_t end, enum canvas_style style, const char *text);

void canvas_put_wide(struct canvas *canvas, size_t column, enum canvas_style style, const wchar_t *text);

const struct canvas_cell *canvas_line(const struct canvas *canvas, size_t row);

#endif
