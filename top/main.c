/* SPDX-License-Identifier: MIT */
/*
 * brood-top: watches a running brood. Decides when it is asked, and what becomes of its answer: a picture on the terminal, again
 * and again, or one of plain text. Started by `brood top`; an executable of its own, since brood itself needs libc alone.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "supervise/control/control.h"
#include "top/ask.h"
#include "top/draw.h"
#include "top/options.h"
#include "top/screen.h"

#define WIDTH_MAX 1024

struct top {
	struct options options;
	const struct canvas_tree *tree;
	struct picture picture;
	bool has_picture;
	struct sentence trouble; /* why there is no newer one, or "" */
	size_t scrolled;         /* lines, below the head */
};

static int read_answers(const char *path, struct picture *ret_picture, struct sentence *why)
{
	char *status_text = NULL, *workers = NULL;
	int status = ask(path, "status --json", &status_text, why);

	if (status == 0)
		status = ask(path, "workers --json", &workers, why);
	if (status == 0 && picture_read(ret_picture, status_text, workers, why) < 0)
		status = EXIT_FAILURE;
	free(status_text);
	free(workers);
	return status;
}

/* A new picture, or the old one and a trouble. An exit status. */
static int take_picture(struct top *top)
{
	struct picture picture;
	int status = read_answers(top->options.control, &picture, &top->trouble);

	if (status != 0)
		return status;
	picture_add_processes(&picture, top->has_picture ? &top->picture : NULL);
	picture_free(&top->picture);
	top->picture = picture;
	top->has_picture = true;
	top->trouble.text[0] = '\0';
	return 0;
}

/* ---- One picture ---- */

static size_t output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int width = columns ? atoi(columns) : 0;

	if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width < DRAW_WIDTH)
		width = DRAW_WIDTH;
	return width < WIDTH_MAX ? (size_t)width : WIDTH_MAX;
}

static void print_line(const struct canvas_cell *cells, size_t width)
{
	while (width > 0 && cells[width - 1].letter == L' ')
		width--;
	for (size_t i = 0; i < width; i++)
		printf("%lc", (wint_t)cells[i].letter);
	putchar('\n');
}

static int print_once(struct top *top, struct sentence *why)
{
	struct canvas canvas;
	int status = take_picture(top);

	if (status != 0) {
		*why = top->trouble;
		return status;
	}
	canvas_init(&canvas, output_width());
	draw(&canvas, &top->picture, top->tree);
	for (size_t i = 0; i < canvas.height; i++)
		print_line(canvas_line(&canvas, i), canvas.width);
	canvas_fini(&canvas);
	if (fflush(stdout) != 0 || ferror(stdout))
		return sentence_set(why, EX_OSERR, "standard output cannot be written");
	return 0;
}

/* ---- Pictures until somebody quits ---- */

/* Between head and note. */
static size_t page_height(void)
{
	size_t height = screen_height();

	return height > DRAW_HEAD + 1 ? height - DRAW_HEAD - 1 : 1;
}

static void scroll_by(struct top *top, enum screen_key key)
{
	size_t page = page_height();

	if (key == SCREEN_UP && top->scrolled > 0)
		top->scrolled--;
	else if (key == SCREEN_DOWN)
		top->scrolled++;
	else if (key == SCREEN_PAGE_UP)
		top->scrolled -= top->scrolled < page ? top->scrolled : page;
	else if (key == SCREEN_PAGE_DOWN)
		top->scrolled += page;
	else if (key == SCREEN_HOME)
		top->scrolled = 0;
	else if (key == SCREEN_END)
		top->scrolled = SIZE_MAX / 2;
}

static void write_note(const struct top *top, const struct canvas *canvas, char *note, size_t size)
{
	size_t page = page_height(), lines = canvas->height > DRAW_HEAD ? canvas->height - DRAW_HEAD : 0;

	if (top->trouble.text[0])
		snprintf(note, size, "%s", top->trouble.text);
	else if (lines > page)
		snprintf(note, size, "q quit   arrows, PgUp, PgDn scroll   lines %zu to %zu of %zu",
			top->scrolled + 1, top->scrolled + page < lines ? top->scrolled + page : lines, lines);
	else
		snprintf(note, size, "q quit");
}

static void show(struct top *top)
{
	size_t page = page_height(), lines;
	char note[SENTENCE_SIZE];
	struct canvas canvas;

	canvas_init(&canvas, screen_width());
	if (top->has_picture)
		draw(&canvas, &top->picture, top->tree);
	lines = canvas.height > DRAW_HEAD ? canvas.height - DRAW_HEAD : 0;
	if (top->scrolled + page > lines)
		top->scrolled = lines > page ? lines - page : 0;
	write_note(top, &canvas, note, sizeof note);
	screen_show(&canvas, DRAW_HEAD, DRAW_HEAD + top->scrolled, note, top->trouble.text[0] != '\0');
	canvas_fini(&canvas);
}

static int watch(struct top *top, struct sentence *why)
{
	int64_t next_ns = 0;
	enum screen_key key = SCREEN_NOTHING;
	int status = take_picture(top);

	/* Who begins with a mistake wants to see it, and not an empty screen. */
	if (status != 0) {
		*why = top->trouble;
		return status;
	}
	if (!screen_open())
		return sentence_set(why, EX_USAGE, "brood top needs a terminal; --once prints one picture without");
	while (key != SCREEN_QUIT) {
		scroll_by(top, key);
		if (clock_now_ns() >= next_ns) {
			take_picture(top);
			next_ns = clock_now_ns() + top->options.interval_ms * NS_PER_MS;
		}
		show(top);
		key = screen_wait(clock_ms_until(next_ns, clock_now_ns()));
	}
	screen_close();
	return 0;
}

int main(int argc, char **argv)
{
	struct top top = { .tree = &canvas_ascii };
	struct sentence why = { "" };
	int status;

	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		top.tree = &canvas_lines;
	status = options_read(argc > 0 ? argv + 1 : argv, &top.options, &why);
	if (status == 0 && top.options.help)
		options_help();
	else if (status == 0)
		status = top.options.once ? print_once(&top, &why) : watch(&top, &why);
	picture_free(&top.picture);
	if (status != 0)
		fprintf(stderr, "brood: %s\n", why.text);
	return status;
}
