/* SPDX-License-Identifier: MIT */
/*
 * The board of a process that an image of another version started: its pages may mean something else here, and are not looked
 * at. It is kept to be told on: should the next image be of that version, everything of it is known again.
 */
#ifndef SUPERVISE_FOREIGN_BOARD_H
#define SUPERVISE_FOREIGN_BOARD_H

#include "observe/board.h"
#include "observe/figures.h"

struct foreign_board {
	struct board board;     /* never mapped; fd -1: there is none */
	const char *version;    /* of who made it. Borrowed from the legacy */
	struct figures figures; /* what it said when that image told about it */
};

/* Idempotent. */
void foreign_board_close(struct foreign_board *foreign);

#endif
