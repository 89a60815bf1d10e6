/* SPDX-License-Identifier: MIT */
/*
 * The bench's client of datagrams: COUNT of them, each 64 bytes and a number of its own, --window of them on the way at
 * most, sent 32 in one call whenever there is room for so many. All must come back, each once: what has not come for a
 * second is lost, and an error. One JSON line on stdout. It is bounded by COUNT and by --seconds.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 32, WINDOW_MAX = 4096, LOST_MS = 1000 };

struct packet {
	int64_t sent_ns;
	long number;
	char filling[LOAD_BLOCK_SIZE - 2 * sizeof(int64_t)];
};

_Static_assert(sizeof(struct packet) == LOAD_BLOCK_SIZE, "the work is a block of 64 bytes");

struct load {
	int fd;
	long count, window, sent, answered, errors;
	bool *answered_number; /* of each: came back */
	struct load_latencies latencies;
};

/* Messages that are the same for every batch. */
struct batch {
	struct packet packets[BATCH];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
};

static void batch_init(struct batch *batch)
{
	memset(batch, 0, sizeof *batch);
	for (int i = 0; i < BATCH; i++) {
		batch->parts[i] = (struct iovec){ &batch->packets[i], sizeof batch->packets[i] };
		batch->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &batch->parts[i], .msg_iovlen = 1 };
	}
}

static void send_batch(struct load *load, struct batch *batch)
{
	long left = load->count - load->sent;
	int n, wanted = left < BATCH ? (int)left : BATCH;
	int64_t now_ns = load_now_ns();

	if (wanted == 0 || load->sent - load->answered + wanted > load->window)
		return;
	for (int i = 0; i < wanted; i++) {
		batch->packets[i].sent_ns = now_ns;
		batch->packets[i].number = load->sent + i;
	}
	n = sendmmsg(load->fd, batch->messages, (unsigned)wanted, 0);
	if (n < 0)
		err(69, "sendmmsg");
	load->sent += n;
}

static void count_answer(struct load *load, const struct packet *packet, size_t size, int64_t now_ns)
{
	if (size != sizeof *packet || packet->number < 0 || packet->number >= load->sent ||
		load->answered_number[packet->number]) {
		load->errors++;
		return;
	}
	load->answered_number[packet->number] = true;
	load->answered++;
	load_latencies_add(&load->latencies, now_ns - packet->sent_ns);
}

/* Waits for one, takes what is there. False: none came. */
static bool receive_batch(struct load *load, struct batch *batch)
{
	struct pollfd ready = { .fd = load->fd, .events = POLLIN };
	int64_t now_ns;
	int n = recvmmsg(load->fd, batch->messages, BATCH, MSG_DONTWAIT, NULL);

	if (n < 0 && errno == EAGAIN && poll(&ready, 1, LOST_MS) == 1)
		n = recvmmsg(load->fd, batch->messages, BATCH, MSG_DONTWAIT, NULL);
	now_ns = load_now_ns();
	for (int i = 0; i < n; i++)
		count_answer(load, &batch->packets[i], batch->messages[i].msg_len, now_ns);
	return n > 0;
}

static void run(struct load *load, int64_t deadline_ns)
{
	static struct batch sending, receiving;

	batch_init(&sending);
	batch_init(&receiving);
	while (load->answered < load->count && load->errors == 0 && load_now_ns() < deadline_ns) {
		send_batch(load, &sending);
		if (!receive_batch(load, &receiving))
			load->errors += load->sent - load->answered;
	}
}

static void report(struct load *load, int64_t took_ns)
{
	double seconds = (double)took_ns / 1e9;

	load_latencies_sort(&load->latencies);
	printf("{\"packets\": %ld, \"errors\": %ld, \"unfinished\": %ld, \"seconds\": %.6f, \"rate\": %.1f, "
	       "\"p50_us\": %.1f, \"p99_us\": %.1f}\n",
		load->answered, load->errors, load->count - load->answered, seconds, (double)load->answered / seconds,
		load_percentile_us(&load->latencies, 50), load_percentile_us(&load->latencies, 99));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ 0 },
	};
	static struct load load = { .window = 128 };
	struct sockaddr_in server;
	int64_t start_ns;
	long seconds = 30;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seconds = load_number(optarg, 1, LOAD_SECONDS_MAX);
		else if (option == 'w')
			load.window = load_number(optarg, BATCH, WINDOW_MAX);
		else
			return 64;
	}
	if (argc - optind != 2)
		errx(64, "usage: load_udp [--window N] [--seconds N] PORT COUNT");
	server = load_server(argv[optind]);
	load.count = load_number(argv[optind + 1], 1, LOAD_COUNT_MAX);
	load.answered_number = calloc((size_t)load.count, sizeof *load.answered_number);
	load.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!load.answered_number || load.fd < 0 || connect(load.fd, (struct sockaddr *)&server, sizeof server) < 0)
		err(71, "start");
	start_ns = load_now_ns();
	run(&load, start_ns + seconds * LOAD_NS_PER_SEC);
	report(&load, load_now_ns() - start_ns);
	return load.errors > 0 || load.answered < load.count;
}
