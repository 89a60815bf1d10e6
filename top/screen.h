/* SPDX-License-Identifier: MIT */
/* The terminal, by ncurses: a canvas on it, keys from it, and everything as it was before when it is closed. */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include <stdbool.h>

#include "top/canvas.h"

enum screen_key {
	SCREEN_NOTHING, /* time has passed, or the size is another one */
	SCREEN_QUIT,
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
};

/* False: this terminal cannot be used. Also takes ^C and what else ends a program, which then read as SCREEN_QUIT. */
bool screen_open(void);
void screen_close(void);

/* Waits for a key, for so long. */
enum screen_key screen_wait(int ms);

size_t screen_width(void);
size_t screen_height(void);

/* The first `head` lines of the canvas on top; those from `from` on below; a note at the bottom. */
void screen_show(const struct canvas *canvas, size_t head, size_t from, const char *note, bool note_is_bad);

#endif
