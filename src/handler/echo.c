/* SPDX-License-Identifier: MIT */
/*
 * echo: every client gets back what it sends, until its end of input; a datagram comes back whole, an empty one
 * empty. --stamp answers each received block as the fork server of "Programming Python" does (example 12.4):
 * Echo=>b'…' at Sat Nov 21 10:47:43 2026. Uses the public header alone.
 */
#include <brood/brood.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "repr.h"

#define BLOCK_SIZE   4096 /* one page: a forked child pays for each page that it touches */
#define STAMPED_SIZE 1024 /* what example 12.4 receives at once */

struct echo_options {
	bool stamp;
	int delay_ms;
};

extern const struct brood_handler echo_handler;

static int echo_plain(struct brood_conn *conn)
{
	char block[BLOCK_SIZE];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = brood_read(conn, block, sizeof block)) != 0)
		r = n < 0 ? (int)n : brood_write(conn, block, (size_t)n);
	return r;
}

/* Like time.ctime() of Python: asctime's form, which no locale changes, without its newline. */
static void current_time(char text[32])
{
	time_t now = time(NULL);
	struct tm local;

	if (!localtime_r(&now, &local) || !asctime_r(&local, text))
		strcpy(text, "?");
	text[strcspn(text, "\n")] = '\0';
}

static int echo_stamped(struct brood_conn *conn)
{
	char block[STAMPED_SIZE], shown[REPR_SIZE(STAMPED_SIZE)], now[32];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = brood_read(conn, block, sizeof block)) > 0) {
		repr_bytes(block, (size_t)n, shown);
		current_time(now);
		r = brood_printf(conn, "Echo=>%s at %s", shown, now);
	}
	return r < 0 ? r : (int)n;
}

/* Reads the time zone once, here: a forked child would have to open and parse its file again for each client. */
static int echo_load(void **app)
{
	(void)app;
	tzset();
	return 0;
}

static int echo_handle(struct brood_conn *conn, void *app)
{
	static const struct echo_options none;
	const struct echo_options *options = app ? app : &none;
	int r = options->delay_ms > 0 ? brood_sleep(conn, options->delay_ms) : 0;

	if (r < 0)
		return r;
	if (brood_packet_size(conn) == 0)
		return brood_write(conn, "", 0);
	return options->stamp ? echo_stamped(conn) : echo_plain(conn);
}

static const struct brood_option echo_own_options[] = {
	{ "stamp", "answer each block as Echo=>b'...' at TIME", BROOD_OPTION_FLAG,
		offsetof(struct echo_options, stamp) },
	{ "delay", "wait that long before the first read", BROOD_OPTION_MS, offsetof(struct echo_options, delay_ms) },
	{ 0 },
};

const struct brood_handler echo_handler = {
	.load = echo_load,
	.handle = echo_handle,
	.summary = "sends back whatever it gets",
	.demo_listen = "tcp://127.0.0.1:50007 udp://127.0.0.1:50007",
	.options = echo_own_options,
	.options_size = sizeof(struct echo_options),
};
