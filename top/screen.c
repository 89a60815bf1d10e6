/* SPDX-License-Identifier: MIT */
/*
 * Invariant: however we are told to end, the terminal is given back: signals only set a flag, and the loop leaves by
 * screen_close.
 */
#include "top/screen.h"

#include <curses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <term.h>
#include <unistd.h>

#define PAIR_GOOD 1
#define PAIR_WARN 2
#define PAIR_BAD  3
#define PAIR_BUSY 4
#define WIDTH_MAX 1024

static volatile sig_atomic_t told_to_quit;

static void take_signal(int signal)
{
	(void)signal;
	told_to_quit = 1;
}

/* In place of those of ncurses, which would leave from within the handler. Without SA_RESTART: getch shall end. */
static void take_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = take_signal };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
}

/* Asked first, because a newterm that fails keeps memory that nobody can free. */
static bool is_usable(void)
{
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || setupterm(NULL, STDOUT_FILENO, &error) == ERR)
		return false;
	del_curterm(cur_term);
	return true;
}

bool screen_open(void)
{
	if (!is_usable() || !newterm(NULL, stdout, stdin))
		return false;
	take_signals();
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	curs_set(0);
	if (has_colors()) {
		start_color();
		use_default_colors();
		init_pair(PAIR_GOOD, COLOR_GREEN, -1);
		init_pair(PAIR_WARN, COLOR_YELLOW, -1);
		init_pair(PAIR_BAD, COLOR_RED, -1);
		init_pair(PAIR_BUSY, COLOR_CYAN, -1);
	}
	return true;
}

void screen_close(void)
{
	endwin();
}

size_t screen_width(void)
{
	return COLS > WIDTH_MAX ? WIDTH_MAX : (size_t)COLS;
}

size_t screen_height(void)
{
	return (size_t)LINES;
}

static enum screen_key key_of(int letter)
{
	switch (letter) {
	case 'q':
	case 'Q':
	case 3: /* ^C where the terminal makes no signal of it */
		return SCREEN_QUIT;
	case KEY_UP:
	case 'k':
		return SCREEN_UP;
	case KEY_DOWN:
	case 'j':
		return SCREEN_DOWN;
	case KEY_PPAGE:
		return SCREEN_PAGE_UP;
	case KEY_NPAGE:
	case ' ':
		return SCREEN_PAGE_DOWN;
	case KEY_HOME:
	case 'g':
		return SCREEN_HOME;
	case KEY_END:
	case 'G':
		return SCREEN_END;
	default:
		return SCREEN_NOTHING;
	}
}

/* Asked of a terminal that hung up, getch would come back at once for ever. */
static bool is_gone(void)
{
	struct pollfd terminal = { .fd = STDIN_FILENO };

	return poll(&terminal, 1, 0) > 0 && terminal.revents & (POLLHUP | POLLERR | POLLNVAL);
}

enum screen_key screen_wait(int ms)
{
	int letter;

	timeout(ms);
	letter = told_to_quit ? ERR : getch();
	if (told_to_quit)
		return SCREEN_QUIT;
	if (letter == ERR && is_gone())
		return SCREEN_QUIT;
	return key_of(letter);
}

static attr_t attributes_of(enum canvas_style style)
{
	switch (style) {
	case CANVAS_TITLE:
	case CANVAS_HEADING:
		return A_REVERSE;
	case CANVAS_DIM:
		return A_DIM;
	case CANVAS_GOOD:
		return (attr_t)COLOR_PAIR(PAIR_GOOD);
	case CANVAS_BUSY:
		return (attr_t)COLOR_PAIR(PAIR_BUSY);
	case CANVAS_WARN:
		return (attr_t)COLOR_PAIR(PAIR_WARN);
	case CANVAS_BAD:
		return (attr_t)COLOR_PAIR(PAIR_BAD) | A_BOLD;
	default:
		return A_NORMAL;
	}
}

static void show_line(const struct canvas *canvas, size_t row, size_t line)
{
	const struct canvas_cell *cells = canvas_line(canvas, row);

	for (size_t i = 0; i < canvas->width && i < screen_width(); i++) {
		wchar_t letter[] = { cells[i].letter, L'\0' };

		attrset(attributes_of(cells[i].style));
		mvaddwstr((int)line, (int)i, letter);
	}
	attrset(A_NORMAL);
}

void screen_show(const struct canvas *canvas, size_t head, size_t from, const char *note, bool note_is_bad)
{
	size_t height = screen_height(), line = 0;

	erase();
	for (; line < head && line < height && line < canvas->height; line++)
		show_line(canvas, line, line);
	for (size_t row = from; line + 1 < height && row < canvas->height; row++, line++)
		show_line(canvas, row, line);
	if (height > 0) {
		attrset(note_is_bad ? attributes_of(CANVAS_BAD) : A_DIM);
		mvaddnstr((int)height - 1, 0, note, (int)screen_width());
		attrset(A_NORMAL);
	}
	refresh();
}
