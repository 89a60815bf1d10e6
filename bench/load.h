/* SPDX-License-Identifier: MIT */
/*
 * What the bench's clients share: the clock, the block that they send, source addresses, latencies, numbers from the
 * command line. One address has 28,000 ports only, hence many of them: 127.0.0.2 and up.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <arpa/inet.h>
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { LOAD_SOURCES = 240, LOAD_BLOCK_SIZE = 64, LOAD_COUNT_MAX = 100 * 1000 * 1000, LOAD_SECONDS_MAX = 3600 };

#define LOAD_NS_PER_SEC INT64_C(1000000000)
#define LOAD_BLOCK      "what is sent comes back, and then the server ends the connection"

_Static_assert(sizeof LOAD_BLOCK == LOAD_BLOCK_SIZE + 1, "the work is a block of 64 bytes");

struct load_latencies {
	uint32_t *ns;
	size_t count, room;
};

static inline int64_t load_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * LOAD_NS_PER_SEC + now.tv_nsec;
}

static inline long load_number(const char *text, long min, long max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < min || value > max)
		errx(64, "%s: not a number from %ld to %ld", text, min, max);
	return value;
}

static inline struct sockaddr_in load_server(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	address.sin_port = htons((uint16_t)load_number(port, 1, 65535));
	return address;
}

/* number: of the connection; the kernel chooses the port when it connects. */
static inline void load_bind_source(int fd, long number)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int one = 1;

	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number % LOAD_SOURCES));
	/* Let connect choose the port: bind alone would not know that another server's is no conflict. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
		err(71, "bind");
}

static inline void load_raise_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static inline void load_latencies_add(struct load_latencies *latencies, int64_t took_ns)
{
	if (latencies->count == latencies->room) {
		latencies->room = latencies->room ? latencies->room * 2 : 1 << 16;
		latencies->ns = reallocarray(latencies->ns, latencies->room, sizeof *latencies->ns);
		if (!latencies->ns)
			err(71, "latencies");
	}
	latencies->ns[latencies->count++] = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
}

static inline int load_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static inline void load_latencies_sort(struct load_latencies *latencies)
{
	if (latencies->count > 0)
		qsort(latencies->ns, latencies->count, sizeof *latencies->ns, load_compare);
}

/* Of sorted ones. */
static inline double load_percentile_us(const struct load_latencies *latencies, unsigned percent)
{
	return latencies->count > 0 ? latencies->ns[latencies->count * percent / 100] / 1e3 : 0;
}

#endif
