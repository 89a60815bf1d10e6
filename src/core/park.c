/* SPDX-License-Identifier: MIT */
#include "core/park.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* Reads of one client at a time: the others and the loop wait meanwhile. */
#define READS_AT_ONCE 16
#define READ_SIZE     4096

/* True: there is no more to be expected of it, or no more will be taken. */
static bool discard(struct parked *parked)
{
	char nowhere[READ_SIZE];

	for (int i = 0; i < READS_AT_ONCE && parked->bytes < PARK_BYTES; i++) {
		ssize_t n = recv(parked->fd, nowhere, sizeof nowhere, MSG_DONTWAIT);

		if (n <= 0)
			return n == 0 || (errno != EAGAIN && errno != EINTR);
		parked->bytes += (size_t)n;
	}
	return parked->bytes >= PARK_BYTES;
}

void park_add(struct park *park, int fd, int64_t now_ns)
{
	struct parked parked = { .fd = fd, .until_ns = now_ns + PARK_MS * NS_PER_MS };

	if (discard(&parked)) {
		close(fd);
		return;
	}
	if (park->count == PARK_MAX) {
		close(park->parked[0].fd);
		memmove(&park->parked[0], &park->parked[1], --park->count * sizeof parked);
	}
	park->parked[park->count++] = parked;
}

unsigned int park_look(struct park *park, int64_t now_ns)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < park->count; i++) {
		struct parked *parked = &park->parked[i];

		if (discard(parked) || now_ns >= parked->until_ns)
			close(parked->fd);
		else
			park->parked[left++] = *parked;
	}
	park->count = left;
	return left;
}

void park_close(struct park *park)
{
	while (park->count > 0)
		close(park->parked[--park->count].fd);
}
