/* SPDX-License-Identifier: MIT */
#include "load/origin.h"

#include <errno.h>
#include <netinet/in.h>

/* 127.0.0.1, 127.0.0.2 … without what ends in 0 or 255. */
static uint32_t address_of(uint64_t block)
{
	return INADDR_LOOPBACK + (uint32_t)(block / 254 * 256 + block % 254);
}

int origin_bind(struct origin *origin, int fd, const struct sockaddr *server)
{
	const struct sockaddr_in *server_in = (const struct sockaddr_in *)(const void *)server;
	uint64_t block = origin->made++ / ORIGIN_PORTS * origin->processes + origin->process;
	struct sockaddr_in source = { .sin_family = AF_INET };
	int one = 1;

	if (block == 0 || server->sa_family != AF_INET || ntohl(server_in->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return 0;
	source.sin_addr.s_addr = htonl(address_of(block % ORIGIN_ADDRESSES));
	/* bind alone would take a port that nobody else has, whatever server that one talks to. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	return bind(fd, (struct sockaddr *)&source, sizeof source) < 0 ? -errno : 0;
}
