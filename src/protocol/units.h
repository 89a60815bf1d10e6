/* SPDX-License-Identifier: MIT */
/*
 * Numbers as people write them on a command line and in a configuration file: whole numbers within a range,
 * durations, sizes. Pure; a sentence says what was written, what is wrong with it and what would be right.
 */
#ifndef PROTOCOL_UNITS_H
#define PROTOCOL_UNITS_H

#include <stdint.h>

#include "base/sentence.h"

#define UNITS_OFF      (-1) /* a duration written as "off" */
#define UNITS_TEXT_MAX 32   /* longer than any number that fits */

/* All return 0, or -EINVAL (no number), or -ERANGE (too large or small) with a sentence. */

/* min … max, in decimal digits. */
int units_int(const char *text, int min, int max, int *ret_value, struct sentence *why);

/* "500ms", "30s", "5m", "1h", "0", "off"; at most INT_MAX milliseconds (24 days). A number without a unit is
 * refused: half of the world means seconds by it and the other half milliseconds. */
int units_duration(const char *text, int *ret_ms, struct sentence *why);

/* "1500", "64k", "10M", "2G", units of 1024. */
int units_size(const char *text, uint64_t *ret_bytes, struct sentence *why);

/* Permission bits in octal, "0660" or "660", at most 0777. */
int units_mode(const char *text, unsigned int *ret_mode, struct sentence *why);

#endif
