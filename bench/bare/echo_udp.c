/* SPDX-License-Identifier: MIT */
/*
 * The floor of datagrams: one process receives what is there, up to 32, and sends all of it back: two system calls a
 * batch. It waits for the first one only. A datagram longer than its buffer loses its end.
 */
#include "bare.h"

enum { BATCH = 32, PACKET_SIZE = 2048 };

static int open_socket(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)atoi(port));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		err(71, "port %s", port);
	return fd;
}

int main(int argc, char **argv)
{
	static char packets[BATCH][PACKET_SIZE];
	static struct sockaddr_in peers[BATCH];
	static struct iovec parts[BATCH];
	static struct mmsghdr messages[BATCH];
	int fd;

	if (argc != 2)
		errx(64, "usage: echo_udp PORT");
	alarm(BARE_LIFETIME_S);
	fd = open_socket(argv[1]);
	for (int i = 0; i < BATCH; i++) {
		parts[i].iov_base = packets[i];
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i], .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	for (;;) {
		int n;

		/* The kernel and the loop below leave the sizes of the last batch here. */
		for (int i = 0; i < BATCH; i++) {
			messages[i].msg_hdr.msg_namelen = sizeof peers[i];
			parts[i].iov_len = PACKET_SIZE;
		}
		n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0)
			err(71, "recvmmsg");
		for (int i = 0; i < n; i++)
			parts[i].iov_len = messages[i].msg_len;
		if (sendmmsg(fd, messages, (unsigned)n, 0) < 0)
			err(71, "sendmmsg");
	}
}
