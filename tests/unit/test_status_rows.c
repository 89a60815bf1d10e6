/* SPDX-License-Identifier: MIT */
/* What the supervisor tells its status process, and what that one makes of it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/log.h"
#include "supervise/status/status_rows.h"
#include "supervise/status/status_server.h"
#include "supervise/status/status_shared.h"
#include "supervise/status/status_view.h"
#include "supervise/status/status_wire.h"

#define PAGE_SIZE 262144
#define SERVICES  (STATUS_ROWS + 2)

/* A supervisor with one generation of services that have no processes, and its status process's view. */
struct scene {
	struct log log;
	struct supervise_config config;
	struct supervisor supervisor;
	struct generation generation;
	struct supervised services[SERVICES];
	char names[SERVICES][16];
	struct status_server server;
	struct status_view *view;
	char page[PAGE_SIZE];
};

static struct scene *open_scene(size_t services)
{
	struct scene *scene = calloc(1, sizeof *scene);
	int ends[2];

	assert_non_null(scene);
	log_init(&scene->log);
	scene->config.log = &scene->log;
	scene->supervisor.config = &scene->config;
	list_init(&scene->supervisor.generations);
	list_append(&scene->supervisor.generations, &scene->generation.link);
	scene->generation.supervisor = &scene->supervisor;
	scene->generation.services = scene->services;
	scene->generation.service_count = services;
	scene->supervisor.generation = &scene->generation;
	for (size_t i = 0; i < services; i++) {
		struct supervised *service = &scene->services[i];

		service->supervisor = &scene->supervisor;
		service->generation = &scene->generation;
		snprintf(scene->names[i], sizeof scene->names[i], "s%zu", i);
		service->effective.name = scene->names[i];
		service->effective.model = BROOD_FORK;
		service->board.fd = -1;
		service->state = SERVICE_READY;
	}
	scene->server.supervisor = &scene->supervisor;
	assert_int_equal(status_shared_open(&scene->server.shared, &scene->server.shared_fd), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	scene->server.channel_fd = ends[0];
	assert_int_equal(status_view_new(scene->server.shared_fd, ends[1], &scene->view), 0);
	return scene;
}

static void start_process(struct scene *scene, size_t service, uint64_t accepted)
{
	struct supervised *started = &scene->services[service];

	assert_int_equal(board_open(&started->board, 2, SLOT_SIZE), 0);
	started->totals.starts++;
	tally_set(&board_tally(&started->board)->accepted, accepted);
}

static void end_process(struct scene *scene, size_t service)
{
	status_rows_board_gone(&scene->server, &scene->services[service]);
	board_close(&scene->services[service].board);
}

static void close_scene(struct scene *scene)
{
	for (size_t i = 0; i < scene->generation.service_count; i++)
		if (scene->services[i].board.fd >= 0)
			end_process(scene, i);
	status_view_free(scene->view);
	status_shared_close(scene->server.shared, scene->server.shared_fd);
	close(scene->server.channel_fd);
	free(scene);
}

static const char *metrics_of(struct scene *scene)
{
	struct buf page;

	buf_init(&page, scene->page, sizeof scene->page);
	assert_int_equal(status_view_refresh(scene->view), 0);
	status_view_metrics(scene->view, &page);
	assert_false(page.truncated);
	return scene->page;
}

static void check_accepted(struct scene *scene, const char *name, unsigned int accepted)
{
	char line[128];

	snprintf(line, sizeof line, "\nbrood_accepted_total{service=\"%s\",model=\"fork\"} %u\n", name, accepted);
	if (!strstr(metrics_of(scene), line))
		fail_msg("no such line: %s", line + 1);
}

static void a_board_counts_once_while_it_lives_and_after(void **state)
{
	struct scene *scene = open_scene(1);

	(void)state;
	start_process(scene, 0, 5);
	assert_int_equal(status_rows_refresh(&scene->server), 0);
	check_accepted(scene, "s0", 5);
	tally_set(&board_tally(&scene->services[0].board)->accepted, 6);
	check_accepted(scene, "s0", 6);
	end_process(scene, 0);
	check_accepted(scene, "s0", 6);
	status_rows_refresh(&scene->server);
	check_accepted(scene, "s0", 6);

	start_process(scene, 0, 2);
	status_rows_refresh(&scene->server);
	check_accepted(scene, "s0", 8);
	close_scene(scene);
}

static void a_board_that_is_gone_before_its_copy_is_read_counts_once(void **state)
{
	struct scene *scene = open_scene(1);
	struct buf page;

	(void)state;
	start_process(scene, 0, 5);
	status_rows_refresh(&scene->server);
	assert_int_equal(status_view_refresh(scene->view), 0); /* lists the board */
	end_process(scene, 0);
	buf_init(&page, scene->page, sizeof scene->page);
	status_view_metrics(scene->view, &page);
	assert_non_null(strstr(scene->page, "\nbrood_accepted_total{service=\"s0\",model=\"fork\"} 5\n"));
	close_scene(scene);
}

static void generations_of_one_name_share_a_row(void **state)
{
	struct scene *scene = open_scene(2);

	(void)state;
	scene->services[1].effective.name = "s0";
	start_process(scene, 0, 5);
	start_process(scene, 1, 7);
	status_rows_refresh(&scene->server);
	assert_int_equal(scene->server.shared->row_count, 1);
	check_accepted(scene, "s0", 12);
	assert_non_null(strstr(scene->page, "brood_service_starts_total{service=\"s0\",model=\"fork\"} 2\n"));
	end_process(scene, 0);
	check_accepted(scene, "s0", 12);
	close_scene(scene);
}

static void a_new_status_process_is_told_all_boards_that_live(void **state)
{
	struct scene *scene = open_scene(2);
	int ends[2];

	(void)state;
	start_process(scene, 0, 5);
	start_process(scene, 1, 7);
	status_rows_refresh(&scene->server);
	end_process(scene, 0);

	status_view_free(scene->view);
	close(scene->server.channel_fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	scene->server.channel_fd = ends[0];
	assert_int_equal(status_rows_send(&scene->server), 0);
	assert_int_equal(status_view_new(scene->server.shared_fd, ends[1], &scene->view), 0);
	check_accepted(scene, "s0", 5);
	check_accepted(scene, "s1", 7);
	close_scene(scene);
}

static void a_row_is_given_back_when_its_service_is_gone(void **state)
{
	struct scene *scene = open_scene(2);

	(void)state;
	start_process(scene, 1, 7);
	status_rows_refresh(&scene->server);
	end_process(scene, 1);
	scene->generation.service_count = 1;
	status_rows_refresh(&scene->server);
	assert_null(strstr(metrics_of(scene), "\"s1\""));

	scene->generation.service_count = 2;
	status_rows_refresh(&scene->server);
	check_accepted(scene, "s1", 0);
	close_scene(scene);
}

static void more_names_than_rows_are_left_out(void **state)
{
	struct scene *scene = open_scene(SERVICES);

	(void)state;
	start_process(scene, SERVICES - 1, 7);
	assert_int_equal(status_rows_refresh(&scene->server), 0);
	assert_int_equal(scene->server.shared->row_count, STATUS_ROWS);
	end_process(scene, SERVICES - 1);
	close_scene(scene);
}

static void readiness_names_those_that_are_not(void **state)
{
	struct scene *scene = open_scene(3);
	struct buf page;

	(void)state;
	scene->services[1].state = SERVICE_STARTING;
	status_rows_refresh(&scene->server);
	buf_init(&page, scene->page, sizeof scene->page);
	assert_int_equal(status_view_refresh(scene->view), 0);
	assert_false(status_view_readyz(scene->view, &page));
	assert_string_equal(scene->page, "s1: starting\n");

	scene->services[1].state = SERVICE_READY;
	status_rows_refresh(&scene->server);
	buf_reset(&page);
	assert_int_equal(status_view_refresh(scene->view), 0);
	assert_true(status_view_readyz(scene->view, &page));

	scene->supervisor.stop = STOP_DRAIN;
	status_rows_refresh(&scene->server);
	assert_int_equal(status_view_refresh(scene->view), 0);
	assert_false(status_view_readyz(scene->view, &page));
	close_scene(scene);
}

static void a_copy_is_never_of_two_moments(void **state)
{
	struct scene *scene = open_scene(1);

	(void)state;
	status_rows_refresh(&scene->server);
	status_shared_begin(scene->server.shared);
	assert_int_equal(status_view_refresh(scene->view), -EAGAIN);
	status_shared_end(scene->server.shared);
	assert_int_equal(status_view_refresh(scene->view), 0);
	close_scene(scene);
}

static void nobody_else_can_write_what_is_shared(void **state)
{
	struct scene *scene = open_scene(1);
	int fd = scene->server.shared_fd;

	(void)state;
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close_scene(scene);
}

static void a_board_of_another_size_than_said_is_refused(void **state)
{
	struct board board, lie, received;
	int ends[2], next;
	uint32_t number;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(board_open(&board, 2, SLOT_SIZE), 0);
	next = dup(0);
	close(next);
	for (int i = 0; i < 4; i++) {
		lie = board;
		if (i == 0)
			lie.size += SLOT_SIZE;
		else if (i == 1)
			lie.count = UINT32_MAX;
		else if (i == 2)
			lie.area_size = SIZE_MAX / 2;
		assert_int_equal(status_wire_send(ends[0], i == 3 ? 0 : 1, &lie), 0);
		assert_int_equal(status_wire_receive(ends[1], &number, &received), -EBADMSG);
		assert_int_equal(fcntl(next, F_GETFD), -1);
	}
	assert_int_equal(send(ends[0], "x", 1, 0), 1);
	assert_int_equal(status_wire_receive(ends[1], &number, &received), -EBADMSG);
	assert_int_equal(status_wire_receive(ends[1], &number, &received), -EAGAIN);

	assert_int_equal(status_wire_send(ends[0], 9, &board), 0);
	assert_int_equal(status_wire_receive(ends[1], &number, &received), 0);
	assert_int_equal(number, 9);
	status_wire_close(&received);
	board_close(&board);
	close(ends[0]);
	assert_int_equal(status_wire_receive(ends[1], &number, &received), -EBADMSG);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_counts_once_while_it_lives_and_after),
		cmocka_unit_test(a_board_that_is_gone_before_its_copy_is_read_counts_once),
		cmocka_unit_test(generations_of_one_name_share_a_row),
		cmocka_unit_test(a_new_status_process_is_told_all_boards_that_live),
		cmocka_unit_test(a_row_is_given_back_when_its_service_is_gone),
		cmocka_unit_test(more_names_than_rows_are_left_out),
		cmocka_unit_test(readiness_names_those_that_are_not),
		cmocka_unit_test(a_copy_is_never_of_two_moments),
		cmocka_unit_test(nobody_else_can_write_what_is_shared),
		cmocka_unit_test(a_board_of_another_size_than_said_is_refused),
	};

	return cmocka_run_group_tests_name("status_rows", tests, NULL, NULL);
}
