/* SPDX-License-Identifier: MIT */
/*
 * Decides which boards count: those that the copy of the rows lists, beside what is past there. Invariant: the copy is made
 * before boards are looked at, so that one that went meanwhile is counted once: here, by our own mapping of it. All memory
 * is there from the start.
 */
#include "supervise/status/status_view.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/metrics.h"
#include "supervise/status/status_shared.h"
#include "supervise/status/status_wire.h"

#define VIEW_BOARDS 1024 /* more are not counted until they are past */

struct view_board {
	uint32_t number; /* 0: free */
	struct board board;
};

struct status_view {
	int channel_fd;
	const struct status_shared *shared;
	struct status_shared copy;
	struct view_board boards[VIEW_BOARDS];
	size_t board_count; /* those in use are among the first so many */

	/* Of one page, by row. */
	struct metrics_service services[STATUS_ROWS];
	struct metrics_listener listeners[STATUS_ROWS][ENGINE_LISTENERS];
	struct queue_depth queues[STATUS_ROWS * ENGINE_LISTENERS];
};

int status_view_new(int shared_fd, int channel_fd, struct status_view **ret_view)
{
	/* Pages of it that are never used cost nothing. */
	struct status_view *view = calloc(1, sizeof *view);
	int r;

	if (!view)
		return -ENOMEM;
	view->channel_fd = channel_fd;
	r = status_shared_map(shared_fd, &view->shared);
	if (r < 0) {
		free(view);
		return r;
	}
	*ret_view = view;
	return 0;
}

void status_view_free(struct status_view *view)
{
	if (!view)
		return;
	for (size_t i = 0; i < view->board_count; i++)
		if (view->boards[i].number != 0)
			status_wire_close(&view->boards[i].board);
	status_shared_unmap(view->shared);
	close(view->channel_fd);
	free(view);
}

/* ---- Boards ---- */

static struct view_board *find_board(struct status_view *view, uint32_t number)
{
	for (size_t i = 0; i < view->board_count; i++)
		if (view->boards[i].number == number)
			return &view->boards[i];
	return NULL;
}

static void keep_board(struct status_view *view, uint32_t number, struct board *board)
{
	struct view_board *place = find_board(view, 0);

	if (!place && view->board_count < VIEW_BOARDS)
		place = &view->boards[view->board_count++];
	if (place)
		*place = (struct view_board){ number, *board };
	else
		status_wire_close(board);
}

int status_view_receive(struct status_view *view)
{
	struct board board;
	uint32_t number;
	int r;

	while ((r = status_wire_receive(view->channel_fd, &number, &board)) == 0)
		keep_board(view, number, &board);
	return r == -EAGAIN ? 0 : -EPIPE;
}

static bool is_listed(const struct status_shared *copy, uint32_t number)
{
	for (uint32_t row = 0; row < copy->row_count; row++)
		for (size_t i = 0; i < STATUS_ROW_BOARDS; i++)
			if (copy->rows[row].boards[i] == number)
				return true;
	return false;
}

/* One that is younger than the copy is not listed there yet. */
static void drop_boards(struct status_view *view)
{
	for (size_t i = 0; i < view->board_count; i++) {
		struct view_board *place = &view->boards[i];

		if (place->number == 0 || place->number > view->copy.last_board ||
			is_listed(&view->copy, place->number))
			continue;
		status_wire_close(&place->board);
		place->number = 0;
	}
}

int status_view_refresh(struct status_view *view)
{
	int r = status_shared_copy(&view->copy, view->shared);

	if (r == 0)
		r = status_view_receive(view);
	if (r == 0)
		drop_boards(view);
	return r;
}

/* ---- Pages ---- */

bool status_view_readyz(const struct status_view *view, struct buf *page)
{
	size_t expected = 0, waiting = 0;

	for (uint32_t i = 0; i < view->copy.row_count; i++) {
		const struct status_row *row = &view->copy.rows[i];

		if (!row->name[0] || !row->in_office)
			continue;
		expected++;
		if (row->ready)
			continue;
		waiting++;
		buf_printf(page, "%s: %s\n", row->name, row->state);
	}
	if (expected == 0)
		buf_puts(page, "no service\n");
	else if (waiting == 0)
		buf_puts(page, "ready\n");
	return expected > 0 && waiting == 0;
}

static void count_workers(struct metrics_service *service, const struct board *board, int64_t now_ns)
{
	struct figures_worker worker;

	for (unsigned int i = figures_used(board, 0); i < board->count; i = figures_used(board, i + 1))
		if (figures_worker(&worker, board, i, now_ns))
			metrics_count_worker(service, &worker);
}

/* Counters add up over all processes; of gauges, those that are a service's and not a process's are the youngest's. */
static void count_boards(struct status_view *view, const struct status_row *row, struct metrics_service *service)
{
	int64_t now_ns = clock_now_ns();
	uint32_t youngest = 0;

	for (size_t i = 0; i < STATUS_ROW_BOARDS; i++) {
		const struct view_board *place = row->boards[i] ? find_board(view, row->boards[i]) : NULL;
		struct figures now;

		if (!place)
			continue;
		figures_read(&now, &place->board);
		figures_add(&service->figures, &now);
		service->figures.out += now.out;
		count_workers(service, &place->board, now_ns);
		if (place->number < youngest)
			continue;
		youngest = place->number;
		service->figures.capacity = now.capacity;
		service->figures.paused = now.paused;
	}
}

static void fill_in_listeners(struct metrics_service *service, struct metrics_listener *listeners,
	const struct status_row *row, const struct queue_depth *queues)
{
	service->listeners = listeners;
	service->listener_count = row->listener_count;
	for (size_t i = 0; i < row->listener_count; i++)
		listeners[i] = (struct metrics_listener){ .url = row->listeners[i].url, .queue = queues[i] };
}

/* All queues in one question to the kernel: unanswered, they stay unknown. */
static void ask_queues(struct status_view *view)
{
	size_t count = 0;

	for (uint32_t i = 0; i < view->copy.row_count; i++)
		for (size_t j = 0; j < view->copy.rows[i].listener_count; j++)
			view->queues[count++] =
				(struct queue_depth){ .inode = view->copy.rows[i].listeners[j].inode };
	queue_depth_read(view->queues, count);
}

void status_view_metrics(struct status_view *view, struct buf *page)
{
	const struct status_shared *copy = &view->copy;
	const struct metrics_program program = {
		.version = brood_version(),
		.started_ms = copy->started_ms,
		.lost_lines = copy->lost_lines,
		.status_starts = copy->starts,
	};
	size_t services = 0, queues = 0;

	ask_queues(view);
	for (uint32_t i = 0; i < copy->row_count; i++) {
		const struct status_row *row = &copy->rows[i];
		struct metrics_service *service = &view->services[services];

		if (row->name[0]) {
			*service = (struct metrics_service){
				.name = row->name,
				.model = row->model,
				.ready = row->ready,
				.starts = row->starts,
				.figures = row->past,
			};
			fill_in_listeners(service, view->listeners[services], row, &view->queues[queues]);
			count_boards(view, row, service);
			services++;
		}
		queues += row->listener_count;
	}
	metrics_write(page, &program, view->services, services);
}
