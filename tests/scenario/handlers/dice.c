/* SPDX-License-Identifier: MIT */
/*
 * Throws dice for its client: its pid, and 16 bytes each of the kernel's randomness, of libc's, and of a generator of its
 * own that the moment `start` seeded. One seeded in `load` would throw the same for every child.
 */
#include <brood/brood.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t state;

static int start(void *app)
{
	(void)app;
	return getrandom(&state, sizeof state, 0) == sizeof state ? 0 : -EIO;
}

/* splitmix64: every seed is as good as another. */
static uint64_t next(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int tell(struct brood_conn *conn, const char *name, const uint64_t dice[2])
{
	return brood_printf(
		conn, "%s %016llx%016llx\n", name, (unsigned long long)dice[0], (unsigned long long)dice[1]);
}

static int handle(struct brood_conn *conn, void *app)
{
	uint64_t kernel[2], libc[2], own[2] = { next(), next() };
	char asked[64];
	int r;

	(void)app;
	while (brood_read(conn, asked, sizeof asked) > 0)
		continue;
	if (getrandom(kernel, sizeof kernel, 0) != sizeof kernel)
		return -EIO;
	arc4random_buf(libc, sizeof libc);
	r = brood_printf(conn, "pid %d\n", (int)getpid());
	if (r == 0)
		r = tell(conn, "kernel", kernel);
	if (r == 0)
		r = tell(conn, "libc", libc);
	return r < 0 ? r : tell(conn, "own", own);
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.start = start,
	.handle = handle,
	.summary = "throws dice",
	.demo_listen = "tcp://127.0.0.1:7012",
};
