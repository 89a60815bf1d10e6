/* SPDX-License-Identifier: MIT */
/*
 * One line per call, and parked in between: so that a scenario has clients who cost nothing but their place. A word
 * and a number say what it does; any other line comes back.
 */
#include <brood/brood.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_HELD 1000

static int held[MOST_HELD];
static int held_count;

/* So many descriptors, or as many as there are. */
static void hold(int count)
{
	while (count-- > 0 && held_count < MOST_HELD) {
		int fd = dup(STDERR_FILENO);

		if (fd < 0)
			return;
		held[held_count++] = fd;
	}
}

static void release(void)
{
	while (held_count > 0)
		close(held[--held_count]);
}

static int answer(struct brood_conn *conn, const char *line)
{
	if (strncmp(line, "pid", 3) == 0)
		return brood_printf(conn, "%d\n", (int)getpid());
	if (strncmp(line, "sleep ", 6) == 0) {
		int r = brood_sleep(conn, atoi(line + 6));

		return r < 0 ? r : brood_printf(conn, "slept\n");
	}
	if (strncmp(line, "hold ", 5) == 0)
		hold(atoi(line + 5));
	if (strncmp(line, "release", 7) == 0)
		release();
	return brood_printf(conn, "%s", line);
}

static int handle(struct brood_conn *conn, void *app)
{
	char line[256];
	ssize_t n = brood_readline(conn, line, sizeof line);
	int r;

	(void)app;
	if (n <= 0)
		return (int)n;
	r = answer(conn, line);
	return r < 0 || brood_packet_size(conn) >= 0 ? r : BROOD_AGAIN;
}

BROOD_API const struct brood_handler brood_handler;
const struct brood_handler brood_handler = {
	.handle = handle,
	.summary = "answers a line and parks",
	.demo_listen = "tcp://127.0.0.1:7010",
};
