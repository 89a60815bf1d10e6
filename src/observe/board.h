/* SPDX-License-Identifier: MIT */
/* The board: shared memory with one page per slot (contract/slot.h), one writer per page. */
#ifndef OBSERVE_BOARD_H
#define OBSERVE_BOARD_H

#include <stddef.h>

#include "contract/slot.h"

struct board {
	int fd; /* a memfd: a forked worker publishes its slot through it */
	unsigned int count;
	unsigned char *pages;
};

int board_open(struct board *board, unsigned int count);
void board_close(struct board *board); /* fd -1 is fine */

static inline struct slot *board_slot(const struct board *board, unsigned int index)
{
	return (struct slot *)(void *)(board->pages + (size_t)index * SLOT_SIZE);
}

#endif
