/* SPDX-License-Identifier: MIT */
/* Invariant: there is nothing to unmap. */
#include "supervise/upgrade/foreign_board.h"

#include <unistd.h>

void foreign_board_close(struct foreign_board *foreign)
{
	if (foreign->board.fd >= 0)
		close(foreign->board.fd);
	if (foreign->board.fd >= 0 && foreign->board.read_fd >= 0)
		close(foreign->board.read_fd);
	*foreign = (struct foreign_board){ .board.fd = -1 };
}
