/* SPDX-License-Identifier: MIT */
/* The shortest decimal digits that tell a double from its neighbours. */
#ifndef HANDLER_CALC_CALC_DIGITS_H
#define HANDLER_CALC_CALC_DIGITS_H

#define CALC_DIGITS_MAX 17

struct calc_digits {
	char text[CALC_DIGITS_MAX + 1];
	int count;
	int point; /* the value is 0.TEXT · 10^point */
};

void calc_digits_shortest(double number, struct calc_digits *ret); /* number > 0 and finite */

#endif
