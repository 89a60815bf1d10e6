/* SPDX-License-Identifier: MIT */
/* Lines that anybody can cause at will: at most one per cause and second; the next one tells how many were left out. */
#ifndef CORE_RARELY_H
#define CORE_RARELY_H

#include <stdbool.h>
#include <stdint.h>

/* Of one cause. Zero: nothing was said yet. */
struct rarely {
	int64_t said_ns;
	uint64_t unsaid;
};

/* Whether to say it now; then *ret_unsaid is how often it was not said before. */
bool rarely_may(struct rarely *cause, uint64_t *ret_unsaid);

#endif
