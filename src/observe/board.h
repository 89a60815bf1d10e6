/* SPDX-License-Identifier: MIT */
/*
 * The board: shared memory with an area for each slot (contract/slot.h, standing.h), a tally, and the orders to standing
 * workers. One writer each: an area is its worker's, the rest the service process's.
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
	const unsigned char *view; /* the same pages, read-only, for standing workers; NULL without board_view */
};

int board_open(struct board *board, unsigned int count, size_t area_size);
void board_close(struct board *board); /* fd -1 is fine */

/* One that another image of this program has opened. Takes both descriptors, if it is one. 0 or -errno. */
int board_adopt(struct board *board, int fd, int read_fd, unsigned int count, size_t area_size);

/* In the service process of standing workers, which then see of the board what they should, and no more: all of it
 * through the view, for reading, and by board_lend their own area for writing. 0 or -errno. */
int board_view(struct board *board);
void board_unview(struct board *board); /* NULL is fine */

/* Around the fork of the worker of this slot. */
int board_lend(const struct board *board, unsigned int index);
void board_withdraw(const struct board *board, unsigned int index);

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

struct standing_orders *board_orders(const struct board *board);

/* In a worker: through the view. */
const struct standing *board_sibling(const struct board *board, unsigned int index);
const struct tally *board_tally_seen(const struct board *board);
const struct standing_orders *board_orders_seen(const struct board *board);

#endif
