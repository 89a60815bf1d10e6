/* SPDX-License-Identifier: MIT */
/*
 * Calendar arithmetic by hand: localtime_r(3) takes a lock that every thread would meet at, and that a child forked
 * from a threaded program may find held for ever. It is asked once in a quarter of an hour, the step in which
 * the world's clocks are moved; in between the offset comes from one atomic word.
 */
#include "observe/log_time.h"

#include <time.h>

#include "base/calendar.h"
#include "base/clock.h"

#define SECONDS_PER_DAY     INT64_C(86400)
#define SECONDS_PER_QUARTER INT64_C(900)

/* A zone word is (quarter << ZONE_SHIFT) | (offset + ZONE_BIAS); quarters count from 1, so that 0 is no word. */
#define ZONE_SHIFT 20
#define ZONE_BIAS  (INT64_C(1) << (ZONE_SHIFT - 1))

static int64_t zone_offset(int64_t seconds, _Atomic int64_t *zone, bool may_ask)
{
	int64_t quarter = seconds / SECONDS_PER_QUARTER + 1;
	int64_t word = atomic_load_explicit(zone, memory_order_relaxed);
	time_t then = (time_t)seconds;
	struct tm local = { .tm_gmtoff = 0 };

	if (word >> ZONE_SHIFT == quarter || (word != 0 && !may_ask))
		return (word & ((INT64_C(1) << ZONE_SHIFT) - 1)) - ZONE_BIAS;
	/* localtime_r need not read TZ by itself. */
	tzset();
	localtime_r(&then, &local);
	word = quarter << ZONE_SHIFT | (local.tm_gmtoff + ZONE_BIAS);
	atomic_store_explicit(zone, word, memory_order_relaxed);
	return local.tm_gmtoff;
}

static void put_date(struct buf *buf, int64_t days)
{
	struct calendar_date date = calendar_date(days);

	buf_putu_padded(buf, (uint64_t)date.year, 4);
	buf_putc(buf, '-');
	buf_putu_padded(buf, date.month, 2);
	buf_putc(buf, '-');
	buf_putu_padded(buf, date.day, 2);
}

static void write_stamp(struct log_stamp *stamp, int64_t seconds, char between)
{
	uint64_t second = (uint64_t)(seconds % SECONDS_PER_DAY);
	struct buf text;

	buf_init(&text, stamp->text, sizeof stamp->text);
	put_date(&text, seconds / SECONDS_PER_DAY);
	buf_putc(&text, between);
	buf_putu_padded(&text, second / 3600, 2);
	buf_putc(&text, ':');
	buf_putu_padded(&text, second / 60 % 60, 2);
	buf_putc(&text, ':');
	buf_putu_padded(&text, second % 60, 2);
	buf_putc(&text, '.');
	stamp->seconds = seconds;
	stamp->between = between;
}

static void put_time(struct buf *buf, int64_t seconds, int64_t ms, char between, struct log_stamp *stamp)
{
	if (stamp->between != between || stamp->seconds != seconds)
		write_stamp(stamp, seconds, between);
	buf_put(buf, stamp->text, LOG_STAMP_SIZE);
	buf_putu_padded(buf, (uint64_t)ms, 3);
}

void log_time_local(
	struct buf *buf, int64_t realtime_ns, _Atomic int64_t *zone, bool may_ask, struct log_stamp *stamp)
{
	int64_t seconds = realtime_ns / NS_PER_SEC;

	put_time(
		buf, seconds + zone_offset(seconds, zone, may_ask), realtime_ns % NS_PER_SEC / NS_PER_MS, ' ', stamp);
}

void log_time_learn_zone(int64_t realtime_ns, _Atomic int64_t *zone)
{
	zone_offset(realtime_ns / NS_PER_SEC, zone, true);
}

void log_time_utc(struct buf *buf, int64_t realtime_ns, struct log_stamp *stamp)
{
	put_time(buf, realtime_ns / NS_PER_SEC, realtime_ns % NS_PER_SEC / NS_PER_MS, 'T', stamp);
	buf_putc(buf, 'Z');
}
