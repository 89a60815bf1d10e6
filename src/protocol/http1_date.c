/* SPDX-License-Identifier: MIT */
#include "protocol/http1_date.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/calendar.h"

#define SECONDS_PER_DAY 86400
#define FIRST_S         INT64_C(-62167219200) /* 0000-01-01 00:00:00 */
#define LAST_S          INT64_C(253402300799) /* 9999-12-31 23:59:59 */

#define SHORT_NAME      3 /* letters of "Sun", "Nov" */

static const char weekdays[7][10] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
	"Dec" };

/* In the letters of strftime(3). */
static const char formats[][32] = {
	"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
	"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
	"%a %b %e %H:%M:%S %Y",      /* asctime(3) */
};

struct moment {
	unsigned int year, month, day, hour, minute, second;
	bool short_year;
};

static char *put_digits(char *out, int64_t value, int count)
{
	for (int i = count; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + count;
}

static char *put_text(char *out, const char *text, size_t size)
{
	memcpy(out, text, size);
	return out + size;
}

int http1_date_format(int64_t unix_s, char ret_text[HTTP1_DATE_SIZE])
{
	int64_t since_year_0, days, second;
	struct calendar_date date;
	char *out = ret_text;

	if (unix_s < FIRST_S || unix_s > LAST_S)
		return -ERANGE;
	since_year_0 = unix_s - FIRST_S; /* never negative, so division does not round the wrong way */
	days = since_year_0 / SECONDS_PER_DAY;
	second = since_year_0 % SECONDS_PER_DAY;
	date = calendar_date(days + FIRST_S / SECONDS_PER_DAY);
	out = put_text(out, weekdays[(days + 6) % 7], SHORT_NAME); /* 0000-01-01 is a Saturday */
	out = put_text(out, ", ", 2);
	out = put_digits(out, date.day, 2);
	*out++ = ' ';
	out = put_text(out, months[date.month - 1], SHORT_NAME);
	*out++ = ' ';
	out = put_digits(out, date.year, 4);
	*out++ = ' ';
	out = put_digits(out, second / 3600, 2);
	*out++ = ':';
	out = put_digits(out, second / 60 % 60, 2);
	*out++ = ':';
	out = put_digits(out, second % 60, 2);
	put_text(out, " GMT", sizeof " GMT");
	return 0;
}

/* The takers return how many bytes they took, 0 if what they look for is not there. */
static size_t take_digits(const char *text, size_t size, size_t count, unsigned int *ret_value)
{
	unsigned int value = 0;

	if (size < count)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	*ret_value = value;
	return count;
}

static size_t take_month(const char *text, size_t size, unsigned int *ret_month)
{
	for (unsigned int i = 0; size >= SHORT_NAME && i < 12; i++)
		if (memcmp(text, months[i], SHORT_NAME) == 0) {
			*ret_month = i + 1;
			return SHORT_NAME;
		}
	return 0;
}

static size_t take_weekday(const char *text, size_t size, bool whole)
{
	for (size_t i = 0; i < 7; i++) {
		size_t length = whole ? strlen(weekdays[i]) : SHORT_NAME;

		if (size >= length && memcmp(text, weekdays[i], length) == 0)
			return length;
	}
	return 0;
}

static size_t take_part(char part, const char *text, size_t size, struct moment *moment)
{
	switch (part) {
	case 'a':
		return take_weekday(text, size, false);
	case 'A':
		return take_weekday(text, size, true);
	case 'b':
		return take_month(text, size, &moment->month);
	case 'e':
		if (size < 2 || *text != ' ')
			return take_digits(text, size, 2, &moment->day);
		return 2 * take_digits(text + 1, size - 1, 1, &moment->day);
	case 'd':
		return take_digits(text, size, 2, &moment->day);
	case 'y':
		moment->short_year = true;
		return take_digits(text, size, 2, &moment->year);
	case 'Y':
		return take_digits(text, size, 4, &moment->year);
	case 'H':
		return take_digits(text, size, 2, &moment->hour);
	case 'M':
		return take_digits(text, size, 2, &moment->minute);
	default:
		return take_digits(text, size, 2, &moment->second);
	}
}

static bool take_all(const char *format, const char *text, size_t size, struct moment *moment)
{
	size_t taken;

	for (; *format; format++, text += taken, size -= taken) {
		if (*format == '%')
			taken = take_part(*++format, text, size, moment);
		else
			taken = size > 0 && *text == *format;
		if (taken == 0)
			return false;
	}
	return size == 0;
}

static int64_t seconds_of(int64_t year, const struct moment *moment)
{
	return calendar_days(year, moment->month, moment->day) * SECONDS_PER_DAY + moment->hour * 3600 +
	       moment->minute * 60 + moment->second;
}

static int64_t full_year(const struct moment *moment, int64_t now_s)
{
	int64_t now = now_s < FIRST_S ? FIRST_S : now_s > LAST_S ? LAST_S : now_s;
	int64_t days = (now - FIRST_S) / SECONDS_PER_DAY, second = (now - FIRST_S) % SECONDS_PER_DAY;
	struct calendar_date today = calendar_date(days + FIRST_S / SECONDS_PER_DAY);
	int64_t limit_s = calendar_days(today.year + 50, today.month, today.day) * SECONDS_PER_DAY + second;
	int64_t year = today.year - today.year % 100 + 100 + moment->year;

	while (seconds_of(year, moment) > limit_s)
		year -= 100;
	return year;
}

/* A day from 0 to 99 that its month lacks lies in another one. */
static bool is_real(int64_t year, const struct moment *moment)
{
	struct calendar_date date = calendar_date(calendar_days(year, moment->month, moment->day));

	return date.month == moment->month && moment->hour < 24 && moment->minute < 60 && moment->second <= 60;
}

int http1_date_parse(const char *text, size_t size, int64_t now_s, int64_t *ret_unix_s)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct moment moment = { .short_year = false };
		int64_t year;

		if (!take_all(formats[i], text, size, &moment))
			continue;
		year = moment.short_year ? full_year(&moment, now_s) : moment.year;
		if (!is_real(year, &moment))
			return -EINVAL;
		*ret_unix_s = seconds_of(year, &moment);
		return 0;
	}
	return -EINVAL;
}
