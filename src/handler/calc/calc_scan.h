/* SPDX-License-Identifier: MIT */
/* How far the number or the bytes of one character at the start of a text reach. */
#ifndef HANDLER_CALC_CALC_SCAN_H
#define HANDLER_CALC_CALC_SCAN_H

#include "calc/calc_job.h"
#include "calc/calc_token.h"

#include <stdbool.h>

/* What is still to be read. Beyond the end there is a NUL, which no valid text contains. */
struct calc_scan {
	const char *at, *end;
};

bool calc_scan_is_name(char c); /* may stand within a name; so may anything beyond ASCII */

/* A number starts here: move behind it and say which kind it is. 0, or -errno and a SyntaxError. */
int calc_scan_number(struct calc_job *job, struct calc_scan *scan, enum calc_token_kind *ret_kind);

/* Raise the SyntaxError for a character that Python has no use for. Always negative. */
int calc_scan_reject(struct calc_job *job, const struct calc_scan *scan);

#endif
