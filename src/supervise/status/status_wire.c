/* SPDX-License-Identifier: MIT */
/*
 * Decides what a message with a board looks like. The sender is our own supervisor, and yet a board is mapped only if it
 * has the size that is said, since who reads beyond it is ended by SIGBUS.
 */
#include "supervise/status/status_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

union one_fd {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int status_wire_send(int fd, uint32_t number, const struct board *board)
{
	struct status_board_message message = {
		.number = number, .count = board->count, .area_size = board->area_size, .size = board->size
	};
	struct iovec data = { .iov_base = &message, .iov_len = sizeof message };
	union one_fd control = { 0 };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	ssize_t n;

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof board->read_fd);
	memcpy(CMSG_DATA(rights), &board->read_fd, sizeof board->read_fd);
	do
		n = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The descriptor that came along, or -1. There is room for one. */
static int fd_of(struct msghdr *header)
{
	const struct cmsghdr *part = CMSG_FIRSTHDR(header);
	int fd = -1;

	if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
		part->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(part), sizeof fd);
	return fd;
}

static int map_board(int fd, const struct status_board_message *message, struct board *ret_board)
{
	struct board board = {
		.fd = fd, .count = message->count, .area_size = message->area_size, .size = message->size
	};
	size_t needed = sizeof(struct tally);
	struct stat about;
	void *pages;

	if (__builtin_mul_overflow(board.count, board.area_size, &needed) ||
		__builtin_add_overflow(needed, sizeof(struct tally), &needed))
		return -EBADMSG;
	if (fstat(fd, &about) < 0 || needed > board.size || (uint64_t)about.st_size != board.size)
		return -EBADMSG;
	pages = mmap(NULL, board.size, PROT_READ, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		return -errno;
	board.pages = pages;
	*ret_board = board;
	return 0;
}

int status_wire_receive(int fd, uint32_t *ret_number, struct board *ret_board)
{
	struct status_board_message message = { 0 };
	struct iovec data = { .iov_base = &message, .iov_len = sizeof message };
	union one_fd control;
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	int board_fd, r = -EBADMSG;
	ssize_t n;

	do
		n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	board_fd = fd_of(&header);
	if (n == sizeof message && board_fd >= 0 && message.number > 0)
		r = map_board(board_fd, &message, ret_board);
	if (r == 0)
		*ret_number = message.number;
	else if (board_fd >= 0)
		close(board_fd);
	return r;
}

void status_wire_close(struct board *board)
{
	munmap(board->pages, board->size);
	close(board->fd);
	*board = (struct board){ .fd = -1 };
}
