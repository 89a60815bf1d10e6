/* SPDX-License-Identifier: MIT */
/*
 * Shared memory for slots: a memfd, mapped whole by the service process and by the supervisor. A forked child does
 * not see the mapping and writes its slot to the descriptor (conn_publish); a standing worker sees its own area and a
 * read-only view of all of it. The areas come first, so that a slot is where its number says. Invariant: the memory has
 * its size for ever (sealed), since a child that cut it short would kill, by SIGBUS, whoever reads it.
 */
#include "observe/board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct slot) <= SLOT_SIZE, "a slot is one page");

#define TALLY_SIZE ((sizeof(struct tally) + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE)

/* Through /proc there is a second open file that cannot write; where there is no /proc, the pages are as safe as
 * mprotect(2) is from a stray handler. */
static int open_again(int fd)
{
	char path[64];
	int read_fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_fd = open(path, O_RDONLY | O_CLOEXEC);
	return read_fd >= 0 ? read_fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int board_open(struct board *board, unsigned int count, size_t area_size)
{
	size_t size = (size_t)count * area_size + TALLY_SIZE;
	void *pages;
	int fd, read_fd, r;

	if (count == 0)
		return -EINVAL;
	fd = memfd_create("brood-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto close_fd;
	read_fd = open_again(fd);
	if (read_fd < 0)
		goto close_fd;
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		goto close_read_fd;
	*board = (struct board){
		.fd = fd, .read_fd = read_fd, .count = count, .area_size = area_size, .size = size, .pages = pages
	};
	return 0;

close_read_fd:
	r = -errno;
	close(read_fd);
	close(fd);
	return r;
close_fd:
	r = -errno;
	close(fd);
	return r;
}

int board_adopt(struct board *board, int fd, int read_fd, unsigned int count, size_t area_size)
{
	size_t size = (size_t)count * area_size + TALLY_SIZE;
	struct stat status;
	void *pages;

	if (count == 0 || area_size < SLOT_SIZE || area_size % SLOT_SIZE != 0 || read_fd < 0)
		return -EINVAL;
	if (fstat(fd, &status) < 0 || status.st_size != (off_t)size || !(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK))
		return -EINVAL;
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		return -errno;
	*board = (struct board){
		.fd = fd, .read_fd = read_fd, .count = count, .area_size = area_size, .size = size, .pages = pages
	};
	return 0;
}

void board_close(struct board *board)
{
	if (board->fd < 0)
		return;
	board_unmap(board);
	munmap(board->pages, board->size);
	close(board->read_fd);
	close(board->fd);
	*board = (struct board){ .fd = -1 };
}

/* Measured, for each fork: this 2 microseconds; by the child itself, 12; to take the area out of a mapping that is left out of
 * forks and put it back (MADV_DOFORK), 14; a mapping left out of forks for each area, 1 for each of them
 * (docs/decisions/standing.md). */
int board_lend(struct board *board, unsigned int index)
{
	int fixed = board->loan ? MAP_FIXED : 0;
	void *loan = mmap(board->loan, board->area_size, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, board->fd,
		(off_t)(index * board->area_size));

	if (loan == MAP_FAILED)
		return -errno;
	board->loan = loan;
	return 0;
}

int board_view(struct board *board)
{
	void *view = mmap(NULL, board->size, PROT_READ, MAP_SHARED, board->read_fd, 0);

	if (view == MAP_FAILED)
		return -errno;
	board->view = view;
	return 0;
}

void board_unmap(struct board *board)
{
	if (board->view)
		munmap((void *)(uintptr_t)board->view, board->size);
	board->view = NULL;
	if (board->loan)
		munmap(board->loan, board->area_size);
	board->loan = NULL;
}
