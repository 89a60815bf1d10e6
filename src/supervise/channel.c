/* SPDX-License-Identifier: MIT */
/*
 * Decides what a message looks like and which ones are refused. The descriptors of a refused message are closed here:
 * the kernel has installed them before anybody could look.
 */
#include "supervise/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Which log is meant. */
#define ACCESS_LOG "access"

union channel_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
};

struct received_fds {
	int fds[CHANNEL_FDS_MAX];
	size_t count;
};

int channel_open(int *ret_supervisor_fd, int *ret_service_fd)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	*ret_supervisor_fd = fds[0];
	*ret_service_fd = fds[1];
	return 0;
}

static int send_message(int fd, const struct channel_message *message, const int *fds, size_t count)
{
	struct iovec data = { .iov_base = (void *)(uintptr_t)message, .iov_len = sizeof *message };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	union channel_control control = { 0 };
	struct cmsghdr *rights;
	ssize_t n;

	if (count > CHANNEL_FDS_MAX)
		return -EMSGSIZE;
	if (count > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(count * sizeof *fds);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(count * sizeof *fds);
		memcpy(CMSG_DATA(rights), fds, count * sizeof *fds);
	}
	do
		n = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int channel_send(int fd, enum channel_type type, int value, const char *text)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.size = sizeof message,
		.type = type,
		.value = value,
	};

	if (text)
		snprintf(message.text, sizeof message.text, "%s", text);
	return send_message(fd, &message, NULL, 0);
}

int channel_send_listeners(int fd, const int *fds, size_t count)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.size = sizeof message,
		.type = CHANNEL_LISTENERS,
		.value = (int)count,
	};

	return send_message(fd, &message, fds, count);
}

static int send_log(int fd, int log_fd, const char *which)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.size = sizeof message,
		.type = CHANNEL_REOPEN,
		.value = 1,
	};

	snprintf(message.text, sizeof message.text, "%s", which);
	return send_message(fd, &message, &log_fd, 1);
}

int channel_send_log(int fd, int log_fd)
{
	return send_log(fd, log_fd, "");
}

int channel_send_access_log(int fd, int log_fd)
{
	return send_log(fd, log_fd, ACCESS_LOG);
}

bool channel_is_access_log(const struct channel_message *message)
{
	return strcmp(message->text, ACCESS_LOG) == 0;
}

static void close_all(const struct received_fds *received)
{
	for (size_t i = 0; i < received->count; i++)
		close(received->fds[i]);
}

/* The control buffer has room for CHANNEL_FDS_MAX and its padding: one more may arrive in there. */
static bool collect_fds(struct msghdr *header, struct received_fds *received)
{
	bool fits = true;

	received->count = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
			if (received->count < CHANNEL_FDS_MAX) {
				received->fds[received->count++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

static bool carries_fds(uint32_t type)
{
	return type == CHANNEL_LISTENERS || type == CHANNEL_REOPEN;
}

/* A message arrives also when the receiver's table has no room for the descriptors that come along: they are gone
 * then. */
static bool is_bereft(const struct channel_message *message, const struct received_fds *received)
{
	return message->type == CHANNEL_REOPEN && message->value == 1 && received->count == 0;
}

static bool is_message(
	const struct channel_message *message, size_t size, int flags, const struct received_fds *received)
{
	size_t expected;

	if (size != sizeof *message || message->version != CHANNEL_VERSION || message->size != sizeof *message)
		return false;
	if (message->type < CHANNEL_LISTENERS || message->type >= CHANNEL_TYPES)
		return false;
	if (flags & MSG_CTRUNC)
		return is_bereft(message, received);
	expected = carries_fds(message->type) && message->value > 0 ? (size_t)message->value : 0;
	return received->count == expected;
}

static int receive_message(int fd, int flags, struct channel_message *ret_message, struct received_fds *ret_fds)
{
	struct channel_message message = { 0 };
	struct iovec data = { .iov_base = &message, .iov_len = sizeof message };
	union channel_control control;
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	struct received_fds received;
	bool fits;
	ssize_t n;

	do
		n = recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	fits = collect_fds(&header, &received);
	if (n == 0 && received.count == 0)
		return -EPIPE;
	if (!fits || header.msg_flags & MSG_TRUNC || !is_message(&message, (size_t)n, header.msg_flags, &received)) {
		close_all(&received);
		return -EBADMSG;
	}
	message.text[sizeof message.text - 1] = '\0';
	*ret_message = message;
	*ret_fds = received;
	return 0;
}

int channel_receive(int fd, struct channel_message *ret_message)
{
	struct channel_message message;
	struct received_fds received;
	int r;

	r = receive_message(fd, MSG_DONTWAIT, &message, &received);
	if (r < 0)
		return r;
	if (received.count > 0) {
		close_all(&received);
		return -EBADMSG;
	}
	*ret_message = message;
	return 0;
}

int channel_receive_order(int fd, struct channel_message *ret_message, int *ret_log_fd)
{
	struct channel_message message;
	struct received_fds received;
	int r;

	r = receive_message(fd, MSG_DONTWAIT, &message, &received);
	if (r < 0)
		return r;
	if (received.count > 1 || (received.count == 1 && message.type != CHANNEL_REOPEN)) {
		close_all(&received);
		return -EBADMSG;
	}
	*ret_log_fd = received.count == 1 ? received.fds[0] : -1;
	*ret_message = message;
	return 0;
}

int channel_receive_listeners(int fd, int ret_fds[static CHANNEL_FDS_MAX], size_t *ret_count)
{
	struct channel_message message;
	struct received_fds received;
	int r;

	r = receive_message(fd, 0, &message, &received);
	if (r < 0)
		return r;
	if (message.type != CHANNEL_LISTENERS) {
		close_all(&received);
		return -EBADMSG;
	}
	memcpy(ret_fds, received.fds, received.count * sizeof *ret_fds);
	*ret_count = received.count;
	return 0;
}
