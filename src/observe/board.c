/* SPDX-License-Identifier: MIT */
/*
 * Shared memory for slots: a memfd, mapped whole by the service process and by the supervisor; a forked child does
 * not see the mapping and writes its slot to the descriptor (conn_publish); the tally comes last, so that a slot is where
 * its number says. Invariant: the memory has its size for
 * ever (sealed), since a child that cut it short would kill, by SIGBUS, whoever reads it.
 */
#include "observe/board.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct slot) <= SLOT_SIZE, "a slot is one page");

#define TALLY_SIZE ((sizeof(struct tally) + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE)

int board_open(struct board *board, unsigned int count, size_t area_size)
{
	size_t size = (size_t)count * area_size + TALLY_SIZE;
	void *pages;
	int fd, r;

	if (count == 0)
		return -EINVAL;
	fd = memfd_create("brood-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto close_fd;
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		goto close_fd;
	*board = (struct board){ .fd = fd, .count = count, .area_size = area_size, .size = size, .pages = pages };
	return 0;

close_fd:
	r = -errno;
	close(fd);
	return r;
}

void board_close(struct board *board)
{
	if (board->fd < 0)
		return;
	munmap(board->pages, board->size);
	close(board->fd);
	*board = (struct board){ .fd = -1 };
}
