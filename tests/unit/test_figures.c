/* SPDX-License-Identifier: MIT */
/* What a board says, and what is made of one that lies. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "contract/placed.h"
#include "contract/standing.h"
#include "observe/figures.h"

#define SLOTS  4
#define NOW_NS INT64_C(5000000000)

static struct board new_board(size_t area_size)
{
	struct board board;

	assert_int_equal(board_open(&board, SLOTS, area_size), 0);
	return board;
}

/* As the service process and its worker write it. */
static void place(const struct board *board, unsigned int index, pid_t pid, int64_t accepted_ns)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(4711) };
	struct brood_conn conn = { .slot = board_slot(board, index), .pid = pid, .accepted_ns = accepted_ns };

	memcpy(&conn.peer, &peer, sizeof peer);
	conn.peer_size = sizeof peer;
	placed_begin(&conn);
	if (pid)
		placed_worker(&conn);
}

static void totals_are_those_of_the_tally(void **state)
{
	struct board board = new_board(SLOT_SIZE);
	struct tally *tally = board_tally(&board);
	struct figures figures;

	(void)state;
	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		*(_Atomic uint64_t *)(void *)((char *)tally + counter->tally_offset) = counter->tally_offset;
	tally_add(&tally->ended_by[END_FINISHED], 3);
	tally_set(&tally->out, 2);
	tally_set(&tally->paused, 1);
	histogram_add(&tally->duration, 100);
	figures_read(&figures, &board);
	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		assert_int_equal(figures_counter(&figures, counter), counter->tally_offset);
	assert_int_equal(figures.ended_by[END_FINISHED], 3);
	assert_int_equal(figures.out, 2);
	assert_true(figures.paused);
	assert_int_equal(figures.duration.count, 1);
	board_close(&board);
}

static void adding_sums_counters_and_leaves_gauges(void **state)
{
	struct figures sum = { .accepted = 1, .out = 5 }, more = { .accepted = 2, .out = 7, .lost_records = 1 };

	(void)state;
	more.ended_by[END_STOPPED] = 4;
	figures_add(&sum, &more);
	assert_int_equal(sum.accepted, 3);
	assert_int_equal(sum.lost_records, 1);
	assert_int_equal(sum.ended_by[END_STOPPED], 4);
	assert_int_equal(sum.out, 5);
}

static void a_connection_is_there_from_its_placing_to_its_end(void **state)
{
	struct board board = new_board(SLOT_SIZE);
	struct brood_conn conn = { .slot = board_slot(&board, 1) };
	struct figures_worker worker;

	(void)state;
	assert_false(figures_worker(&worker, &board, 1, NOW_NS));
	place(&board, 1, 1234, NOW_NS - 1000);
	assert_true(figures_worker(&worker, &board, 1, NOW_NS));
	assert_int_equal(worker.index, 1);
	assert_int_equal(worker.pid, 1234);
	assert_int_equal(worker.since_ns, NOW_NS - 1000);
	assert_int_equal(worker.peer_size, sizeof(struct sockaddr_in));
	assert_int_equal(((struct sockaddr_in *)&worker.peer)->sin_port, htons(4711));
	assert_true(worker.busy);
	assert_false(worker.standing);
	placed_end(&conn);
	assert_false(figures_worker(&worker, &board, 1, NOW_NS));
	board_close(&board);
}

static void a_standing_worker_tells_itself(void **state)
{
	struct board board = new_board(STANDING_SIZE);
	struct standing *standing = (struct standing *)(void *)board_slot(&board, 2);
	struct figures_worker worker;

	(void)state;
	assert_false(figures_worker(&worker, &board, 2, NOW_NS));
	standing->state = STANDING_BUSY;
	standing->pid = 77;
	standing->since_ns = NOW_NS - 5;
	standing->seat.queue_us = 12;
	standing->served = 9;
	standing->bytes_in = 100;
	standing->seat.slot.bytes_in = 11;
	assert_true(figures_worker(&worker, &board, 2, NOW_NS));
	assert_string_equal(worker.state, "busy");
	assert_int_equal(worker.pid, 77);
	assert_int_equal(worker.served, 9);
	assert_int_equal(worker.queue_us, 12);
	assert_int_equal(worker.bytes_in, 111);
	standing->state = STANDING_IDLE;
	assert_true(figures_worker(&worker, &board, 2, NOW_NS));
	assert_string_equal(worker.state, "idle");
	assert_false(worker.busy);
	assert_int_equal(worker.queue_us, -1);
	board_close(&board);
}

static void assert_within(const struct figures_worker *worker)
{
	assert_non_null(memchr(worker->state, '\0', 16));
	assert_true(worker->pid >= 0 && worker->pid <= 4194304);
	assert_true(worker->since_ns >= 0 && worker->since_ns <= NOW_NS);
	assert_true(worker->started_ns >= 0 && worker->started_ns <= NOW_NS);
	assert_true(worker->must_end_ns >= 0);
	assert_true(worker->queue_us >= -1);
	assert_true(worker->peer_size <= sizeof worker->peer);
}

static void every_lie_comes_out_within_its_range(void **state)
{
	static const size_t area_sizes[] = { SLOT_SIZE, STANDING_SIZE };
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct board board = new_board(area_sizes[round % 2]);
		struct figures_worker worker;
		struct figures figures;

		/* All ones, all zero but the sign bits, then noise. */
		for (size_t i = 0; i < board.size; i++)
			board.pages[i] = round < 2 ? 0xff : round < 4 ? 0x80 : (unsigned char)rand_r(&seed);
		for (unsigned int i = 0; i < SLOTS; i++)
			if (figures_worker(&worker, &board, i, NOW_NS))
				assert_within(&worker);
		figures_read(&figures, &board);
		assert_true(histogram_quantile_us(&figures.duration, 990) < UINT64_MAX);
		board_close(&board);
	}
}

static void a_unix_name_longer_than_there_are_is_no_address(void **state)
{
	struct board board = new_board(SLOT_SIZE);
	struct figures_worker worker;
	struct placed *placed;

	(void)state;
	place(&board, 0, 0, NOW_NS);
	placed = placed_of(board_slot(&board, 0));
	placed->peer.any.sa_family = AF_UNIX;
	placed->peer_size = sizeof placed->peer;
	assert_true(figures_worker(&worker, &board, 0, NOW_NS));
	assert_int_equal(worker.peer_size, 0);
	board_close(&board);
}

static size_t resident_pages(const struct board *board)
{
	unsigned char in_core[64];
	size_t count = 0;

	assert_true(board->size / SLOT_SIZE <= sizeof in_core);
	assert_int_equal(mincore(board->pages, board->size, in_core), 0);
	for (size_t i = 0; i < board->size / SLOT_SIZE; i++)
		count += in_core[i] & 1;
	return count;
}

static void looking_for_workers_gives_no_memory_to_unused_slots(void **state)
{
	struct board board = new_board(SLOT_SIZE);

	(void)state;
	assert_int_equal(figures_used(&board, 0), SLOTS);
	place(&board, 2, 0, NOW_NS);
	assert_int_equal(figures_used(&board, 0), 2);
	assert_int_equal(figures_used(&board, 2), 2);
	assert_int_equal(figures_used(&board, 3), SLOTS);
	assert_int_equal(resident_pages(&board), 1);
	board_close(&board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_are_those_of_the_tally),
		cmocka_unit_test(adding_sums_counters_and_leaves_gauges),
		cmocka_unit_test(a_connection_is_there_from_its_placing_to_its_end),
		cmocka_unit_test(a_standing_worker_tells_itself),
		cmocka_unit_test(every_lie_comes_out_within_its_range),
		cmocka_unit_test(a_unix_name_longer_than_there_are_is_no_address),
		cmocka_unit_test(looking_for_workers_gives_no_memory_to_unused_slots),
	};

	return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
