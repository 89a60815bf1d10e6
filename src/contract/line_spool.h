/* SPDX-License-Identifier: MIT */
/*
 * Lines of the access log that a forked worker leaves on the page of its slot, behind what the service process tells there: one
 * after the other, each behind a head of its own, the last one followed by a head of zeroes. Published by a write to the board's
 * descriptor, line by line, so that no crash can take them along.
 */
#ifndef CONTRACT_LINE_SPOOL_H
#define CONTRACT_LINE_SPOOL_H

#include <stdint.h>
#include <string.h>

#include "contract/placed.h"
#include "contract/slot.h"

struct line_head {
	int64_t asked_ns; /* of its request (contract/slot.h); 0: no more lines */
	uint64_t size;    /* bytes of the line that follows; 0: its line, and all before, are written already */
};

#define LINE_SPOOL_AT   2304
#define LINE_SPOOL_SIZE ((size_t)SLOT_SIZE - LINE_SPOOL_AT)

_Static_assert(PLACED_OFFSET + sizeof(struct placed) <= LINE_SPOOL_AT, "the lines come last");
static inline char *line_spool_of(struct slot *slot)
{
	return (char *)slot + LINE_SPOOL_AT;
}

/* In the service process, before somebody has the slot. */
static inline void line_spool_begin(struct slot *slot)
{
	memset(line_spool_of(slot), 0, sizeof(struct line_head));
}

/* The lines alone, one behind the other, in place; their size. spool: LINE_SPOOL_SIZE bytes that somebody else wrote.
 * *ret_last_ns: asked_ns of the last request whose line was there, or is written; 0: none. */
static inline size_t line_spool_take(char *spool, int64_t *ret_last_ns)
{
	struct line_head head;
	size_t at = 0, size = 0;

	*ret_last_ns = 0;
	for (; at + sizeof head <= LINE_SPOOL_SIZE; at += head.size) {
		memcpy(&head, spool + at, sizeof head);
		at += sizeof head;
		if (head.asked_ns == 0 || head.size > LINE_SPOOL_SIZE - at)
			break;
		*ret_last_ns = head.asked_ns;
		memmove(spool + size, spool + at, head.size);
		size += head.size;
	}
	return size;
}

#endif
