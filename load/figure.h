/* SPDX-License-Identifier: MIT */
/* Figures as the report writes them: three digits of a time, all of a count. Pure. */
#ifndef LOAD_FIGURE_H
#define LOAD_FIGURE_H

#include <stdint.h>

#define FIGURE_SIZE 32

/* Three digits, rounded to the nearest: "987ns" "1.23us" "12.3ms" "1.20s" "123s". */
const char *figure_time(uint64_t ns, char text[FIGURE_SIZE]);

/* The same of a round number, with the digits that it has: "980ns" "1.2us" "12ms" "1s". */
const char *figure_round_time(uint64_t ns, char text[FIGURE_SIZE]);

/* "1,234,567" */
const char *figure_count(uint64_t count, char text[FIGURE_SIZE]);

/* The nearest round number of two digits that is not above, or not below. */
uint64_t figure_round_down(uint64_t value);
uint64_t figure_round_up(uint64_t value);

#endif
