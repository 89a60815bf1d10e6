/* SPDX-License-Identifier: MIT */
/* Decides when a moment is worth a line: the first, the last, and one each half second. At most 80 columns. Called by course.c. */
#include "lab/plain.h"

#include <inttypes.h>
#include <stdio.h>

#define EVERY_MS 500

static void put_pair(int64_t left, int64_t right, int width)
{
	char text[48];

	snprintf(text, sizeof text, "%" PRId64 "/%" PRId64, left, right);
	printf("%*s", width, text);
}

static void put_line(enum stage_cast cast, const struct stage_moment *moment)
{
	const struct sample *sample = &moment->sample;

	printf("  %-6s %4.1f s", cast == STAGE_FAULTY ? "faulty" : "brood", (double)moment->elapsed_ms / 1000);
	put_pair(moment->clients.answered, moment->clients.asked, 10);
	printf("%6" PRId64 "%10" PRId64 "%8" PRId64, sample->queue, sample->processes, sample->zombies);
	put_pair(sample->descriptors, sample->descriptors_limit, 12);
	printf("%5" PRId64 "%%", moment->cpu_percent);
	if (moment->signals_sent > 0)
		put_pair(moment->signals_sent, moment->signals_handled, 12);
	putchar('\n');
}

static void put_head(void)
{
	puts("                                                                       SIGCHLD\n"
	     "           time  answered queue processes zombies descriptors   CPU sent/handled");
}

static bool is_time(const struct plain *plain, enum stage_cast cast, const struct stage_moment *moment)
{
	bool first = plain->shown_ms[cast] == 0;

	return first || moment->over || moment->elapsed_ms - plain->shown_ms[cast] >= EVERY_MS;
}

void plain_show(struct plain *plain, enum stage_cast cast, const struct stage_moment *moment)
{
	if (!plain->has_head)
		put_head();
	plain->has_head = true;
	if (!is_time(plain, cast, moment))
		return;
	plain->shown_ms[cast] = moment->elapsed_ms + 1;
	put_line(cast, moment);
	if (moment->ended && !plain->has_end[cast])
		printf("         it has ended: %.56s\n", moment->says);
	plain->has_end[cast] |= moment->ended;
	fflush(stdout);
}
