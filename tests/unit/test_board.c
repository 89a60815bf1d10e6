/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/board.h"

static void slots_are_zeroed_pages_of_their_own(void **state)
{
	static const char zeroes[SLOT_SIZE];
	struct board board;

	(void)state;
	assert_int_equal(board_open(&board, 3, SLOT_SIZE), 0);
	assert_int_equal(fcntl(board.fd, F_GETFD), FD_CLOEXEC);
	for (unsigned int i = 0; i < 3; i++) {
		assert_memory_equal(board_slot(&board, i), zeroes, SLOT_SIZE);
		assert_int_equal((uintptr_t)board_slot(&board, i) % SLOT_SIZE, 0);
	}
	board_close(&board);
}

static void what_a_child_writes_by_the_descriptor_is_read_by_the_parent(void **state)
{
	struct board board;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(board_open(&board, 2, SLOT_SIZE), 0);
	pid = fork();
	if (pid == 0) {
		struct slot *own = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, board.fd, SLOT_SIZE);

		atomic_store(&own->reason, 7);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(atomic_load(&board_slot(&board, 1)->reason), 7);
	assert_int_equal(atomic_load(&board_slot(&board, 0)->reason), 0);
	board_close(&board);
}

static void nobody_can_cut_the_memory_short(void **state)
{
	struct board board;

	(void)state;
	assert_int_equal(board_open(&board, 1, SLOT_SIZE), 0);
	assert_int_equal(ftruncate(board.fd, 0), -1);
	assert_int_equal(errno, EPERM);
	board_close(&board);
}

static void a_board_of_nothing_is_refused_and_leaves_no_descriptor(void **state)
{
	struct board board = { .fd = -1 };
	int next = dup(0);

	(void)state;
	close(next);
	assert_int_equal(board_open(&board, 0, SLOT_SIZE), -EINVAL);
	assert_int_equal(board.fd, -1);
	assert_int_equal(fcntl(next, F_GETFD), -1);
}

static void closing_twice_is_fine(void **state)
{
	struct board board;
	int fd;

	(void)state;
	assert_int_equal(board_open(&board, 1, SLOT_SIZE), 0);
	fd = board.fd;
	board_close(&board);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	board_close(&board);
	assert_int_equal(board.fd, -1);
}

static void a_worker_writes_its_own_area_and_reads_the_others(void **state)
{
	struct board board;

	(void)state;
	assert_int_equal(board_open(&board, 3, STANDING_SIZE), 0);
	assert_int_equal(board_view(&board), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(board_lend(&board, i), 0);
		atomic_store(&board.loan->served, i + 7);
		assert_int_equal(atomic_load(&board_standing(&board, i)->served), i + 7);
		assert_int_equal(atomic_load(&board_sibling(&board, i)->served), i + 7);
	}
	board_close(&board);
	assert_null(board.loan);
	assert_null(board.view);
}

static void what_is_read_through_the_view_cannot_be_made_writable(void **state)
{
	struct board board;

	(void)state;
	assert_int_equal(board_open(&board, 1, STANDING_SIZE), 0);
	assert_int_equal(board_view(&board), 0);
	assert_int_equal(mprotect((void *)(uintptr_t)board.view, board.size, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	board_close(&board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_zeroed_pages_of_their_own),
		cmocka_unit_test(what_a_child_writes_by_the_descriptor_is_read_by_the_parent),
		cmocka_unit_test(nobody_can_cut_the_memory_short),
		cmocka_unit_test(a_board_of_nothing_is_refused_and_leaves_no_descriptor),
		cmocka_unit_test(closing_twice_is_fine),
		cmocka_unit_test(a_worker_writes_its_own_area_and_reads_the_others),
		cmocka_unit_test(what_is_read_through_the_view_cannot_be_made_writable),
	};

	return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
