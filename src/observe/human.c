/* SPDX-License-Identifier: MIT */
/* Decides how few digits are enough. Invariant: nothing is ever rounded up to what was not reached. */
#include "observe/human.h"

#include <stddef.h>

#include "base/buf.h"

#define MS_US   UINT64_C(1000)
#define SEC_US  (1000 * MS_US)
#define MIN_US  (60 * SEC_US)
#define HOUR_US (60 * MIN_US)
#define DAY_US  (24 * HOUR_US)
#define YEAR_US (365 * DAY_US)

/* Two digits of what is below ten, else whole ones. */
static void put_scaled(struct buf *buf, uint64_t value, uint64_t unit, const char *name)
{
	buf_putu(buf, value / unit);
	if (value / unit < 10) {
		buf_putc(buf, '.');
		buf_putu(buf, value % unit * 10 / unit);
	}
	buf_puts(buf, name);
}

static void put_two(struct buf *buf, uint64_t us, uint64_t unit, uint64_t part, const char names[2])
{
	buf_putu(buf, us / unit);
	buf_putc(buf, names[0]);
	if (us / unit >= 10 || us % unit < part)
		return;
	buf_putu(buf, us % unit / part);
	buf_putc(buf, names[1]);
}

const char *human_duration(int64_t duration_us, char text[HUMAN_SIZE])
{
	uint64_t us = duration_us > 0 ? (uint64_t)duration_us : 0;
	struct buf buf;

	buf_init(&buf, text, HUMAN_SIZE);
	if (us < MS_US) {
		buf_putu(&buf, us);
		buf_puts(&buf, "us");
	} else if (us < SEC_US) {
		put_scaled(&buf, us, MS_US, "ms");
	} else if (us < MIN_US) {
		put_scaled(&buf, us, SEC_US, "s");
	} else if (us < HOUR_US) {
		put_two(&buf, us, MIN_US, SEC_US, "ms");
	} else if (us < 2 * DAY_US) {
		put_two(&buf, us, HOUR_US, MIN_US, "hm");
	} else if (us < 2 * YEAR_US) {
		put_scaled(&buf, us, DAY_US, "d");
	} else {
		put_scaled(&buf, us, YEAR_US, "y");
	}
	return text;
}

static void put_scale(struct buf *buf, uint64_t value, uint64_t step)
{
	static const char *const names[] = { "", "k", "M", "G", "T", "P", "E" };
	uint64_t unit = 1;
	size_t i = 0;

	while (value / unit >= step && i + 1 < sizeof names / sizeof *names) {
		unit *= step;
		i++;
	}
	if (i == 0)
		buf_putu(buf, value);
	else
		put_scaled(buf, value, unit, names[i]);
}

const char *human_size(uint64_t bytes, char text[HUMAN_SIZE])
{
	struct buf buf;

	buf_init(&buf, text, HUMAN_SIZE);
	put_scale(&buf, bytes, 1024);
	return text;
}

const char *human_count(uint64_t count, char text[HUMAN_SIZE])
{
	struct buf buf;

	buf_init(&buf, text, HUMAN_SIZE);
	if (count < 100000)
		buf_putu(&buf, count);
	else
		put_scale(&buf, count, 1000);
	return text;
}
