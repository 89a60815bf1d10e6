/* SPDX-License-Identifier: MIT */
/*
 * The board: shared memory with an area for each slot (contract/slot.h, standing.h) and a tally at its end. One writer each:
 * an area is its worker's, the tally the service process's.
 */
#ifndef OBSERVE_BOARD_H
#define OBSERVE_BOARD_H

#include <stddef.h>

#include "contract/slot.h"
#include "contract/standing.h"
#include "contract/tally.h"

struct board {
	int fd;      /* a memfd: a forked worker publishes its slot through it */
	int read_fd; /* the same, for reading alone: what is mapped through it can never be made writable */
	unsigned int count;
	size_t area_size; /* of each slot: SLOT_SIZE or more, whole pages */
	size_t size;      /* of all of it */
	unsigned char *pages;
	struct standing *loan;     /* where a standing worker sees its own area; NULL before the first board_lend */
	const unsigned char *view; /* the same pages, read-only, for standing workers; NULL without board_view */
};

int board_open(struct board *board, unsigned int count, size_t area_size);
void board_close(struct board *board); /* fd -1 is fine */

/* One that another image of this program has opened. Takes both descriptors, if it is one. 0 or -errno. */
int board_adopt(struct board *board, int fd, int read_fd, unsigned int count, size_t area_size);

/* In the service process of standing workers, which then see of the board what they should, and no more: before the fork
 * of each, its own area is put where board->loan is, writable; all of it may be read through the view, if there is one.
 * The board's own mapping is left out of forks by somebody else. 0 or -errno. */
int board_lend(struct board *board, unsigned int index);
int board_view(struct board *board);
void board_unmap(struct board *board); /* both. Idempotent */

static inline struct slot *board_slot(const struct board *board, unsigned int index)
{
	return (struct slot *)(void *)(board->pages + (size_t)index * board->area_size);
}

static inline struct standing *board_standing(const struct board *board, unsigned int index)
{
	return (struct standing *)(void *)board_slot(board, index);
}

static inline struct tally *board_tally(const struct board *board)
{
	return (struct tally *)(void *)(board->pages + (size_t)board->count * board->area_size);
}

/* In a worker: through the view. */
static inline const struct standing *board_sibling(const struct board *board, unsigned int index)
{
	return (const struct standing *)(const void *)(board->view + (size_t)index * board->area_size);
}

#endif
