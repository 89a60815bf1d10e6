/* SPDX-License-Identifier: MIT */
/*
 * Decides what the picture looks like: a column for each server, a row for each thing to be seen, and the course of what varies.
 * Invariant: always the same number of lines, none longer than 80 columns. Called by course.c.
 */
#include "lab/picture.h"

#include <ctype.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"

#define WIDTH_MIN    80
#define LABEL_WIDTH  14
#define CELL_WIDTH   32
#define VALUE_WIDTH  13
#define COURSE_WIDTH 16
#define SAYS_WIDTH   62
#define LEVELS       8
#define LINES        11

enum row {
	ROW_QUEUE,
	ROW_PROCESSES,
	ROW_ZOMBIES,
	ROW_DESCRIPTORS,
	ROW_CPU,
};

static const char *const row_labels[PICTURE_ROWS] = {
	[ROW_QUEUE] = "in the queue",
	[ROW_PROCESSES] = "processes",
	[ROW_ZOMBIES] = "zombies",
	[ROW_DESCRIPTORS] = "descriptors",
	[ROW_CPU] = "CPU",
};

/* ---- The terminal ---- */

bool picture_can(void)
{
	const char *terminal = getenv("TERM");
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || !terminal || strcmp(terminal, "dumb") == 0)
		return false;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_col >= WIDTH_MIN;
}

bool picture_has_colour(void)
{
	const char *refused = getenv("NO_COLOR");

	return picture_can() && !(refused && *refused);
}

const char *picture_tone(bool colour, enum picture_tone tone)
{
	static const char *const codes[] = {
		[PICTURE_PLAIN] = "\033[m",
		[PICTURE_STRONG] = "\033[1m",
		[PICTURE_GOOD] = "\033[32m",
		[PICTURE_BAD] = "\033[31m",
		[PICTURE_DIM] = "\033[2m",
	};

	return colour ? codes[tone] : "";
}

void picture_init(struct picture *picture)
{
	memset(picture, 0, sizeof *picture);
	picture->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	picture->colour = picture_has_colour();
}

/* ---- The course of a value ---- */

static int64_t value_of(const struct stage_moment *moment, enum row row)
{
	switch (row) {
	case ROW_QUEUE:
		return moment->sample.queue;
	case ROW_PROCESSES:
		return moment->sample.processes;
	case ROW_ZOMBIES:
		return moment->sample.zombies;
	case ROW_DESCRIPTORS:
		return moment->sample.descriptors;
	case ROW_CPU:
		return moment->cpu_percent;
	}
	return 0;
}

static void remember(struct picture_course *course, int64_t value)
{
	if (course->each == 0)
		course->each = 1;
	if (++course->skipped < course->each)
		return;
	course->skipped = 0;
	if (course->count == PICTURE_LOOKS) {
		course->each *= 2;
		course->count /= 2;
		for (size_t i = 0; i < course->count; i++)
			course->value[i] = course->value[2 * i + 1];
	}
	course->value[course->count++] = value;
}

static int64_t highest(const struct picture_course *course, size_t from, size_t to)
{
	int64_t found = 0;

	for (size_t i = from; i < to && i < course->count; i++)
		found = course->value[i] > found ? course->value[i] : found;
	return found;
}

static void put_course(
	struct buf *buf, const struct picture *picture, const struct picture_course *course, int64_t top)
{
	static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[LEVELS] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	size_t wide = course->count < COURSE_WIDTH ? course->count : COURSE_WIDTH;

	/* Each column is the highest of its share: what lasted for one look is seen. */
	for (size_t i = 0; i < wide; i++) {
		int64_t value = highest(course, i * course->count / wide, (i + 1) * course->count / wide);
		int64_t level = top > 0 ? (value * (LEVELS - 1) + top - 1) / top : 0;

		buf_puts(buf, (picture->unicode ? blocks : letters)[level < LEVELS ? level : LEVELS - 1]);
	}
	buf_printf(buf, "%*s", (int)(CELL_WIDTH - VALUE_WIDTH - wide), "");
}

/* ---- Rows ---- */

static void put_value(struct buf *buf, const struct stage_moment *moment, enum row row)
{
	const struct sample *sample = &moment->sample;
	char text[48];

	if (row == ROW_QUEUE && sample->queue_limit > 0)
		snprintf(text, sizeof text, "%" PRId64 " of %" PRId64, sample->queue, sample->queue_limit);
	else if (row == ROW_DESCRIPTORS && sample->descriptors_limit > 0)
		snprintf(
			text, sizeof text, "%" PRId64 " of %" PRId64, sample->descriptors, sample->descriptors_limit);
	else
		snprintf(text, sizeof text, "%" PRId64 "%s", value_of(moment, row), row == ROW_CPU ? " %" : "");
	buf_printf(buf, "%-*s", VALUE_WIDTH, text);
}

static void put_course_row(struct buf *buf, const struct picture *picture, enum row row)
{
	int64_t top = 0;

	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		int64_t other = highest(&picture->course[cast][row], 0, PICTURE_LOOKS);

		top = other > top ? other : top;
	}
	buf_printf(buf, "  %-*s", LABEL_WIDTH, row_labels[row]);
	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		if (!picture->has[cast])
			continue;
		put_value(buf, &picture->moment[cast], row);
		put_course(buf, picture, &picture->course[cast][row], top);
	}
}

static void put_clients(char *text, size_t size, const struct stage_moment *moment)
{
	snprintf(text, size, "%" PRId64 " of %" PRId64 " answered", moment->clients.answered, moment->clients.asked);
}

static void put_signals(char *text, size_t size, const struct stage_moment *moment)
{
	if (moment->signals_sent == 0)
		snprintf(text, size, "none");
	else if (moment->sample.catches_child || moment->signals_handled > 0)
		snprintf(text, size, "%" PRId64 " sent, %" PRId64 " handled", moment->signals_sent,
			moment->signals_handled);
	else
		snprintf(text, size, "%" PRId64 " sent, nobody listens", moment->signals_sent);
}

static void put_time(char *text, size_t size, const struct stage_moment *moment)
{
	snprintf(text, size, "%.1f s%s", (double)moment->elapsed_ms / 1000,
		moment->ended  ? ", has ended"
		: moment->over ? ""
			       : " ...");
}

static void put_row(struct buf *buf, const struct picture *picture, const char *label,
	void (*put)(char *text, size_t size, const struct stage_moment *moment))
{
	char text[64];

	buf_printf(buf, "  %-*s", LABEL_WIDTH, label);
	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		if (!picture->has[cast])
			continue;
		put(text, sizeof text, &picture->moment[cast]);
		buf_printf(buf, "%-*s", CELL_WIDTH, text);
	}
}

/* Without the time that a line of a log may begin with: that is on the picture already. */
static const char *after_time(const char *says)
{
	const char *found = isdigit((unsigned char)says[0]) ? strchr(says, '[') : NULL;

	return found ? found : says;
}

static void put_says(struct buf *buf, const struct picture *picture, enum stage_cast cast)
{
	const char *says = picture->has[cast] ? after_time(picture->moment[cast].says) : "";

	buf_printf(buf, "  %-*s%.*s", LABEL_WIDTH, cast == STAGE_FAULTY ? "faulty says" : "brood says", SAYS_WIDTH,
		says);
}

/* ---- All of it ---- */

static void end_line(struct buf *buf)
{
	while (buf->size > 0 && buf->data[buf->size - 1] == ' ')
		buf->data[--buf->size] = '\0';
	buf_puts(buf, "\033[K\n");
}

static void draw(const struct picture *picture, struct buf *buf)
{
	buf_printf(buf, "%s  %-*s%-*s%s%s", picture_tone(picture->colour, PICTURE_STRONG), LABEL_WIDTH, "",
		CELL_WIDTH, "the faulty server", picture->has[STAGE_BROOD] ? "brood" : "",
		picture_tone(picture->colour, PICTURE_PLAIN));
	end_line(buf);
	put_row(buf, picture, "time", put_time);
	end_line(buf);
	put_row(buf, picture, "clients", put_clients);
	end_line(buf);
	for (size_t row = 0; row < PICTURE_ROWS; row++) {
		put_course_row(buf, picture, (enum row)row);
		end_line(buf);
	}
	put_row(buf, picture, "SIGCHLD", put_signals);
	end_line(buf);
	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		put_says(buf, picture, (enum stage_cast)cast);
		end_line(buf);
	}
}

void picture_show(struct picture *picture, enum stage_cast cast, const struct stage_moment *moment)
{
	char text[8192];
	struct buf buf;

	picture->moment[cast] = *moment;
	picture->has[cast] = true;
	for (size_t row = 0; row < PICTURE_ROWS; row++)
		remember(&picture->course[cast][row], value_of(moment, (enum row)row));
	buf_init(&buf, text, sizeof text);
	if (picture->drawn)
		buf_printf(&buf, "\033[%dA\r", LINES);
	draw(picture, &buf);
	fwrite(text, 1, buf.size, stdout);
	fflush(stdout);
	picture->drawn = true;
}
