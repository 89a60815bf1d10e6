/* SPDX-License-Identifier: MIT */
/* A picture of a distribution in plain text: a row for each span of time, a bar for how many were in it. Pure. */
#ifndef LOAD_BARS_H
#define LOAD_BARS_H

#include <stdbool.h>

#include "base/buf.h"
#include "load/latencies.h"

#define BARS_ROWS  12
#define BARS_WIDTH 80
#define BARS_SIZE  (2 * BARS_ROWS * 4 * BARS_WIDTH) /* bytes that are enough, in UTF-8 */

/* Nothing if it is empty. utf8: with eighths of blocks, else in ASCII. */
void bars_draw(const struct latencies *latencies, bool utf8, struct buf *text);

#endif
