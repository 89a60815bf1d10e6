/* SPDX-License-Identifier: MIT */
/*
 * Decides what stands in the rows. Invariant: each board ever numbered either is listed in the row of its service's name or
 * has been added to what is past there, never both and never neither, so that no sum of the two goes backwards, whatever dies.
 */
#include "supervise/status/status_rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "observe/log.h"
#include "observe/queue_depth.h"
#include "supervise/status/status_server.h"
#include "supervise/status/status_shared.h"
#include "supervise/status/status_wire.h"

static struct status_row *find_row(struct status_shared *shared, const char *name)
{
	for (uint32_t i = 0; i < shared->row_count; i++)
		if (strncmp(shared->rows[i].name, name, STATUS_NAME_SIZE - 1) == 0)
			return &shared->rows[i];
	return NULL;
}

/* NULL: there are more names than rows; those without one are not shown. */
static struct status_row *claim_row(struct status_shared *shared, const char *name)
{
	struct status_row *row = find_row(shared, name);

	if (row)
		return row;
	row = find_row(shared, "");
	if (!row && shared->row_count < STATUS_ROWS)
		row = &shared->rows[shared->row_count++];
	if (!row)
		return NULL;
	memset(row, 0, sizeof *row);
	snprintf(row->name, sizeof row->name, "%s", name);
	return row;
}

static void list_board(struct status_row *row, uint32_t number)
{
	for (size_t i = 0; i < STATUS_ROW_BOARDS; i++)
		if (row->boards[i] == 0) {
			row->boards[i] = number;
			return;
		}
}

static unsigned int count_boards(const struct status_row *row)
{
	unsigned int count = 0;

	for (size_t i = 0; i < STATUS_ROW_BOARDS; i++)
		count += row->boards[i] != 0;
	return count;
}

static void describe(struct status_row *row, const struct supervised *service)
{
	row->in_office = true;
	row->ready = service->state == SERVICE_READY && !service->lame && service->supervisor->stop == STOP_NOT;
	snprintf(row->model, sizeof row->model, "%s", engine_model_name(service->effective.model));
	snprintf(row->state, sizeof row->state, "%s", service->lame ? "lame duck" : state_name(service->state));
	row->listener_count = 0;
	for (size_t i = 0; i < service->listener_count; i++) {
		const struct listener *listener = &service->listeners[i];
		struct status_listener *told = &row->listeners[row->listener_count];

		if (listener->fd < 0)
			continue;
		told->inode = queue_depth_inode(listener->fd);
		snprintf(told->url, sizeof told->url, "%s", listener->url);
		row->listener_count++;
	}
}

/* Numbers are never used twice, and a board is sent before its number is listed: who reads the list has it. */
static int number_boards(struct status_server *server)
{
	struct status_shared *shared = server->shared;
	int r = 0;

	for (struct supervised *service = NULL; (service = generation_next(server->supervisor, service));) {
		struct status_row *row;

		if (service->board.fd < 0 || service->status_board != 0)
			continue;
		row = claim_row(shared, service->effective.name);
		if (row)
			row->starts++;
		service->status_board = ++shared->last_board;
		if (r == 0 && server->channel_fd >= 0)
			r = status_wire_send(server->channel_fd, service->status_board, &service->board);
	}
	return r;
}

static void clear(struct status_shared *shared)
{
	for (uint32_t i = 0; i < shared->row_count; i++) {
		struct status_row *row = &shared->rows[i];

		row->in_office = row->ready = false;
		memset(row->boards, 0, sizeof row->boards);
	}
}

static void write_rows(struct status_server *server)
{
	struct status_shared *shared = server->shared;
	struct supervisor *supervisor = server->supervisor;
	bool used[STATUS_ROWS] = { false };

	clear(shared);
	for (struct supervised *service = NULL; (service = generation_next(supervisor, service));) {
		struct status_row *row = claim_row(shared, service->effective.name);

		if (!row)
			continue;
		used[row - shared->rows] = true;
		if (service->status_board != 0)
			list_board(row, service->status_board);
		if (service->generation == supervisor->generation)
			describe(row, service);
	}
	for (uint32_t i = 0; i < shared->row_count; i++)
		if (!used[i])
			shared->rows[i].name[0] = '\0';
	shared->lost_lines = atomic_load_explicit(&supervisor->config->log->lost_ever, memory_order_relaxed);
}

int status_rows_refresh(struct status_server *server)
{
	int r;

	status_shared_begin(server->shared);
	r = number_boards(server);
	write_rows(server);
	status_shared_end(server->shared);
	return r;
}

int status_rows_send(struct status_server *server)
{
	int r = 0;

	for (struct supervised *service = NULL; r == 0 && (service = generation_next(server->supervisor, service));)
		if (service->status_board != 0)
			r = status_wire_send(server->channel_fd, service->status_board, &service->board);
	return r;
}

void status_rows_board_gone(struct status_server *server, struct supervised *service)
{
	struct status_row *row = find_row(server->shared, service->effective.name);
	struct figures last;

	if (service->status_board == 0 || !row)
		return;
	figures_read(&last, &service->board);
	status_shared_begin(server->shared);
	figures_add(&row->past, &last);
	for (size_t i = 0; i < STATUS_ROW_BOARDS; i++)
		if (row->boards[i] == service->status_board)
			row->boards[i] = 0;
	service->status_board = 0;
	status_shared_end(server->shared);
}

void status_rows_inherit(struct status_server *server, int fd)
{
	struct status_shared *shared = server->shared;
	const struct status_shared *before;
	int r = status_shared_map(fd, &before);

	if (fd >= 0)
		close(fd);
	if (r < 0)
		return;
	status_shared_begin(shared);
	shared->started_ms = before->started_ms;
	shared->starts = before->starts;
	for (uint32_t i = 0; i < before->row_count && i < STATUS_ROWS; i++) {
		struct status_row *row = before->rows[i].name[0] ? claim_row(shared, before->rows[i].name) : NULL;

		if (!row)
			continue;
		row->past = before->rows[i].past;
		/* Boards that live are counted again, as new ones. */
		row->starts = before->rows[i].starts - count_boards(&before->rows[i]);
	}
	status_shared_end(shared);
	status_shared_unmap(before);
}
