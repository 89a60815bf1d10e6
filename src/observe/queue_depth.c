/* SPDX-License-Identifier: MIT */
/*
 * Decides whom to ask: the kernel's sock_diag, which tells of every listener of TCP (inet_diag) and of Unix streams (unix_diag)
 * how long its queue is, without a descriptor of it and without rights. Invariant: bounded and never waits: a dump is made
 * in the call that asks for it. Called by the status process and by brood-top.
 */
#include "observe/queue_depth.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTENING       (1U << TCP_LISTEN) /* Unix sockets have TCP's states */
#define ANSWER_SIZE     32768              /* more than the kernel puts into one */
#define ANSWERS_AT_MOST 1024

union answer {
	struct nlmsghdr header;
	char bytes[ANSWER_SIZE];
};

struct queues {
	struct queue_depth *first;
	size_t count;
};

typedef void found_fn(const struct queues *queues, const struct nlmsghdr *message);

uint32_t queue_depth_inode(int fd)
{
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode) ? (uint32_t)about.st_ino : 0;
}

static void fill_in(const struct queues *queues, uint32_t inode, uint32_t waiting, uint32_t limit)
{
	for (size_t i = 0; i < queues->count; i++) {
		struct queue_depth *queue = &queues->first[i];

		if (queue->inode == inode && inode != 0)
			*queue = (struct queue_depth){ inode, true, waiting, limit };
	}
}

/* Of a listener, the two lengths of queues mean connections, not bytes. */
static void found_inet(const struct queues *queues, const struct nlmsghdr *message)
{
	const struct inet_diag_msg *found = NLMSG_DATA(message);

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof *found))
		return;
	fill_in(queues, found->idiag_inode, found->idiag_rqueue, found->idiag_wqueue);
}

static void found_unix(const struct queues *queues, const struct nlmsghdr *message)
{
	const struct unix_diag_msg *found = NLMSG_DATA(message);
	const struct rtattr *part = (const void *)(found + 1);
	int size = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *found));

	for (; RTA_OK(part, size); part = RTA_NEXT(part, size)) {
		struct unix_diag_rqlen lengths;

		if (part->rta_type != UNIX_DIAG_RQLEN || RTA_PAYLOAD(part) < sizeof lengths)
			continue;
		memcpy(&lengths, RTA_DATA(part), sizeof lengths);
		fill_in(queues, found->udiag_ino, lengths.udiag_rqueue, lengths.udiag_wqueue);
	}
}

/* One answer: 1 if it was the last, 0 if more follow, or -errno. */
static int read_answer(int fd, const struct queues *queues, found_fn *found)
{
	union answer answer;
	const struct nlmsghdr *message = &answer.header;
	ssize_t n;

	do
		n = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (size_t size = (size_t)n; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR)
			return message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))
				       ? -EBADMSG
				       : ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
			found(queues, message);
	}
	return 0;
}

static int ask(int fd, const struct queues *queues, struct nlmsghdr *request, found_fn *found)
{
	int r = 0;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	for (int i = 0; i < ANSWERS_AT_MOST && r == 0; i++)
		r = read_answer(fd, queues, found);
	return r < 0 ? r : 0;
}

static int ask_inet(int fd, const struct queues *queues, unsigned char family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 wanted;
	} request = {
		.header.nlmsg_len = sizeof request,
		.wanted = { .sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = LISTENING },
	};

	return ask(fd, queues, &request.header, found_inet);
}

static int ask_unix(int fd, const struct queues *queues)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req wanted;
	} request = {
		.header.nlmsg_len = sizeof request,
		.wanted = { .sdiag_family = AF_UNIX, .udiag_states = LISTENING, .udiag_show = UDIAG_SHOW_RQLEN },
	};

	return ask(fd, queues, &request.header, found_unix);
}

int queue_depth_read(struct queue_depth *queues, size_t count)
{
	const struct queues wanted = { queues, count };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int first_error, r;

	for (size_t i = 0; i < count; i++)
		queues[i].known = false;
	if (fd < 0)
		return -errno;
	/* A kernel may know one family and not another: what one does not tell is no reason not to ask the next. */
	first_error = ask_inet(fd, &wanted, AF_INET);
	r = ask_inet(fd, &wanted, AF_INET6);
	first_error = first_error < 0 ? first_error : r;
	r = ask_unix(fd, &wanted);
	first_error = first_error < 0 ? first_error : r;
	close(fd);
	return first_error;
}
