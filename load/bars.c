/* SPDX-License-Identifier: MIT */
/*
 * Decides the rows: from the shortest time to the longest in even ratios, since a tail may be a thousand times as
 * long as its median; at numbers that are easy to read. Invariant: each time is in one row, and who is there is
 * seen.
 */
#include "load/bars.h"

#include <math.h>

#include "load/figure.h"

#define ROWS_MAX  (2 * BARS_ROWS) /* rounding makes fewer rows, never so many */
#define BAR_WIDTH 46
#define EIGHTHS   8

struct row {
	uint64_t from_ns, to_ns, count;
};

static size_t make_rows(const struct latencies *latencies, struct row rows[ROWS_MAX])
{
	uint64_t shortest_ns = latencies->min_ns ? latencies->min_ns : 1,
		 from_ns = figure_round_down(latencies->min_ns);
	double ratio = pow((double)latencies->max_ns / (double)shortest_ns, 1.0 / BARS_ROWS);
	unsigned int last = latencies_index(latencies->max_ns);
	size_t count = 0;

	while (count < ROWS_MAX && latencies_index(from_ns) <= last) {
		/* A hundredth more at least is another bucket. */
		uint64_t to_ns = figure_round_up((uint64_t)((double)from_ns * ratio) + 1);

		rows[count].from_ns = from_ns;
		rows[count].to_ns = to_ns;
		rows[count].count = latencies_between(latencies, from_ns, to_ns);
		count++;
		from_ns = to_ns;
	}
	return count;
}

static void put_bar(struct buf *text, double part, bool utf8)
{
	static const char *const blocks[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	unsigned int eighths = (unsigned int)(part * BAR_WIDTH * EIGHTHS + 0.5), width = eighths / EIGHTHS;

	for (unsigned int i = 0; i < width; i++)
		buf_puts(text, utf8 ? "█" : "#");
	eighths %= EIGHTHS;
	if (width == 0 && eighths == 0 && part > 0)
		eighths = 1;
	if (eighths > 0 && (utf8 || width == 0)) {
		buf_puts(text, utf8 ? blocks[eighths] : ".");
		width++;
	}
	for (; width < BAR_WIDTH; width++)
		buf_putc(text, ' ');
}

void bars_draw(const struct latencies *latencies, bool utf8, struct buf *text)
{
	char from[FIGURE_SIZE], to[FIGURE_SIZE];
	struct row rows[ROWS_MAX];
	size_t count = latencies->count ? make_rows(latencies, rows) : 0;
	uint64_t most = 1;

	for (size_t i = 0; i < count; i++)
		most = rows[i].count > most ? rows[i].count : most;
	for (size_t i = 0; i < count; i++) {
		buf_printf(text, "  %7s to %7s  ", figure_round_time(rows[i].from_ns, from),
			figure_round_time(rows[i].to_ns, to));
		put_bar(text, (double)rows[i].count / (double)most, utf8);
		buf_printf(text, " %7.3f %%\n", 100.0 * (double)rows[i].count / (double)latencies->count);
	}
}
