/* SPDX-License-Identifier: MIT */
/* How boards reach the status process: one message for each, with its descriptor, over a SOCK_SEQPACKET pair. */
#ifndef SUPERVISE_STATUS_WIRE_H
#define SUPERVISE_STATUS_WIRE_H

#include <stdint.h>

#include "observe/board.h"

struct status_board_message {
	uint32_t number; /* > 0; never given twice */
	uint32_t count;
	uint64_t area_size, size; /* see struct board */
};

/* number: of the board. Never blocks. 0; -EAGAIN when the other side does not read; -EPIPE when it is gone … */
int status_wire_send(int fd, uint32_t number, const struct board *board);

/* Never blocks. The board is open and mapped for reading alone: close it by status_wire_close. 0; -EAGAIN if there is none; -EBADMSG. */
int status_wire_receive(int fd, uint32_t *ret_number, struct board *ret_board);
void status_wire_close(struct board *board);

#endif
