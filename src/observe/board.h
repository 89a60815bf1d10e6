/* SPDX-License-Identifier: MIT */
/* The board: shared memory with an area for each slot (contract/slot.h, standing.h) and a tally at its end. One writer each. */
#ifndef OBSERVE_BOARD_H
#define OBSERVE_BOARD_H

#include <stddef.h>

#include "contract/slot.h"
#include "contract/tally.h"

struct board {
	int fd; /* a memfd: a forked worker publishes its slot through it */
	unsigned int count;
	size_t area_size; /* of each slot: SLOT_SIZE or more, whole pages */
	size_t size;      /* of all of it */
	unsigned char *pages;
};

int board_open(struct board *board, unsigned int count, size_t area_size);
void board_close(struct board *board); /* fd -1 is fine */

static inline struct slot *board_slot(const struct board *board, unsigned int index)
{
	return (struct slot *)(void *)(board->pages + (size_t)index * board->area_size);
}

static inline struct tally *board_tally(const struct board *board)
{
	return (struct tally *)(void *)(board->pages + (size_t)board->count * board->area_size);
}

#endif
