/* SPDX-License-Identifier: MIT */
/* Figures as people read them, at most HUMAN_SIZE - 1 bytes each: three digits say enough. Pure. */
#ifndef OBSERVE_HUMAN_H
#define OBSERVE_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 8 /* text of each of these, with its NUL */

/* "850us" "1.2ms" "340ms" "59s" "5m" "2m5s" "59m" "3h20m" "47h" "12d" "3y" */
const char *human_duration(int64_t duration_us, char text[HUMAN_SIZE]);

/* Units of 1024, as elsewhere in brood: "0" "999" "1.0k" "12M" "3.4G" */
const char *human_size(uint64_t bytes, char text[HUMAN_SIZE]);

/* Units of 1000: "99999" "100k" "1.2M" */
const char *human_count(uint64_t count, char text[HUMAN_SIZE]);

#endif
