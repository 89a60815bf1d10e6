/* SPDX-License-Identifier: MIT */
/*
 * Days since 1970-01-01 and dates of the Gregorian calendar, either way: pure arithmetic, for whoever may not ask
 * libc (its functions take a lock, and a child forked from a threaded program may find it held for ever).
 *
 * The calendar repeats every 400 years = 146,097 days, and a year that begins in March has its leap day last. Exact
 * within a hundred million years of today.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stdint.h>

#define CALENDAR_DAYS_PER_ERA     146097
#define CALENDAR_DAYS_BEFORE_1970 719468 /* since 0000-03-01, where an era begins */

struct calendar_date {
	int64_t year;
	unsigned int month, day; /* from 1 */
};

/*
 * A day that its month lacks is one of the month next to it: February 30 is March 1 or 2, March 0 the last of
 * February.
 */
static inline int64_t calendar_days(int64_t year, unsigned int month, unsigned int day)
{
	int64_t from_march = month > 2 ? year : year - 1;
	int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
	int64_t year_of_era = from_march - era * 400;
	unsigned int month_from_march = month > 2 ? month - 3 : month + 9;
	int64_t day_of_year = (int64_t)((153 * month_from_march + 2) / 5) + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * CALENDAR_DAYS_PER_ERA + day_of_era - CALENDAR_DAYS_BEFORE_1970;
}

static inline struct calendar_date calendar_date(int64_t days)
{
	int64_t since = days + CALENDAR_DAYS_BEFORE_1970;
	int64_t era = (since >= 0 ? since : since - (CALENDAR_DAYS_PER_ERA - 1)) / CALENDAR_DAYS_PER_ERA;
	int64_t day_of_era = since - era * CALENDAR_DAYS_PER_ERA;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	unsigned int month = (unsigned int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);

	return (struct calendar_date){
		.year = era * 400 + year_of_era + (month <= 2),
		.month = month,
		.day = (unsigned int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};
}

#endif
