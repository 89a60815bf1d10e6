/* SPDX-License-Identifier: MIT */
#include "load/figure.h"

#include <stddef.h>
#include <stdio.h>

static const char *const units[] = { "ns", "us", "ms", "s" };

/* Below limit, in the largest unit that fits. */
static double scale(uint64_t ns, double limit, const char **ret_unit)
{
	double value = (double)ns;
	size_t unit = 0;

	for (; value >= limit && unit < 3; unit++)
		value /= 1000;
	*ret_unit = units[unit];
	return value;
}

const char *figure_time(uint64_t ns, char text[FIGURE_SIZE])
{
	const char *unit;
	/* 999.5 would be written as 1000. */
	double value = scale(ns, 999.5, &unit);
	int digits = ns < 1000 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;

	snprintf(text, FIGURE_SIZE, "%.*f%s", digits, value, unit);
	return text;
}

const char *figure_round_time(uint64_t ns, char text[FIGURE_SIZE])
{
	const char *unit;
	double value = scale(ns, 1000, &unit);

	snprintf(text, FIGURE_SIZE, "%g%s", value, unit);
	return text;
}

const char *figure_count(uint64_t count, char text[FIGURE_SIZE])
{
	char digits[FIGURE_SIZE];
	size_t size = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)count), used = 0;

	for (size_t i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}

static uint64_t step_of(uint64_t value)
{
	uint64_t step = 1;

	while (value / step >= 100)
		step *= 10;
	return step;
}

uint64_t figure_round_down(uint64_t value)
{
	uint64_t step = step_of(value);

	return value / step * step;
}

uint64_t figure_round_up(uint64_t value)
{
	uint64_t step = step_of(value);

	return (value / step + (value % step > 0)) * step;
}
