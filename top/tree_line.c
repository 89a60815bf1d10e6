/* SPDX-License-Identifier: MIT */
/* Decides what a line says in 80 columns, and what more when there are some. */
#include "top/tree_line.h"

#include <stdio.h>
#include <string.h>

#include "observe/human.h"

/* Where columns end, but for those on the left. On a wide screen bytes come before the peer. */
enum tree_column {
	END_PID = 7,
	COLUMN_LABEL = 8,
	COLUMN_STATE = 29,
	END_SINCE = 44,
	END_REQUESTS = 50,
	END_CPU = 55,
	END_MEMORY = 61,
	COLUMN_PEER = 62,
	END_IN = 68,
	END_OUT = 75,
	COLUMN_PEER_WIDE = 76,
	WIDTH_WIDE = 100,
};

static bool is_wide(const struct canvas *canvas)
{
	return canvas->width >= WIDTH_WIDE;
}

void tree_line_heading(struct canvas *canvas)
{
	canvas_row(canvas);
	canvas_put_right(canvas, END_PID, CANVAS_HEADING, "PID");
	canvas_put(canvas, COLUMN_LABEL, CANVAS_HEADING, "PROCESS");
	canvas_put(canvas, COLUMN_STATE, CANVAS_HEADING, "STATE");
	canvas_put_right(canvas, END_SINCE, CANVAS_HEADING, "SINCE");
	canvas_put_right(canvas, END_REQUESTS, CANVAS_HEADING, "REQS");
	canvas_put_right(canvas, END_CPU, CANVAS_HEADING, "CPU%");
	canvas_put_right(canvas, END_MEMORY, CANVAS_HEADING, "MEM");
	if (is_wide(canvas)) {
		canvas_put_right(canvas, END_IN, CANVAS_HEADING, "IN");
		canvas_put_right(canvas, END_OUT, CANVAS_HEADING, "OUT");
	}
	canvas_put(canvas, is_wide(canvas) ? COLUMN_PEER_WIDE : COLUMN_PEER, CANVAS_HEADING, "CLIENT");
	canvas_style_row(canvas, CANVAS_HEADING);
}

void tree_line_begin(const struct branch *branch, pid_t pid, bool last, enum canvas_style style, const char *label)
{
	struct canvas *canvas = branch->canvas;
	size_t column = COLUMN_LABEL;
	char text[16];

	canvas_row(canvas);
	if (pid > 0) {
		snprintf(text, sizeof text, "%d", (int)pid);
		canvas_put_right(canvas, END_PID, CANVAS_PLAIN, text);
	}
	for (size_t i = 1; i < branch->depth; i++, column += 3)
		canvas_put_wide(canvas, column, CANVAS_DIM, branch->trunk[i]);
	if (branch->depth > 0) {
		canvas_put_wide(canvas, column, CANVAS_DIM, last ? branch->tree->last : branch->tree->branch);
		column += 3;
	}
	canvas_printf(canvas, column, style, "%.*s", (int)(COLUMN_STATE - 1 - column), label);
}

void tree_line_usage(const struct branch *branch, pid_t pid)
{
	const struct picture_process *process = picture_process(branch->picture, pid);
	char text[HUMAN_SIZE], cpu[16];

	if (!process)
		return;
	if (process->cpu_percent >= 0) {
		snprintf(cpu, sizeof cpu, "%.*f", process->cpu_percent < 10 ? 1 : 0, process->cpu_percent);
		canvas_put_right(branch->canvas, END_CPU, CANVAS_PLAIN, cpu);
	}
	canvas_put_right(branch->canvas, END_MEMORY, CANVAS_PLAIN, human_size(process->resident_bytes, text));
}

void tree_line_state(const struct branch *branch, enum canvas_style style, const char *state, int64_t since_ms)
{
	char text[HUMAN_SIZE];

	canvas_printf(branch->canvas, COLUMN_STATE, style, "%.9s", state);
	if (since_ms >= 0)
		canvas_put_right(branch->canvas, END_SINCE, CANVAS_PLAIN, human_duration(since_ms * 1000, text));
}

void tree_line_worker(const struct branch *branch, const struct picture_worker *worker, bool last)
{
	struct canvas *canvas = branch->canvas;
	bool idle = strcmp(worker->state, "idle") == 0;
	enum canvas_style style = idle ? CANVAS_DIM : CANVAS_BUSY;
	char text[HUMAN_SIZE];

	tree_line_begin(branch, worker->pid, last, CANVAS_PLAIN, worker->pid > 0 ? "worker" : "client");
	tree_line_state(branch, style, worker->state, worker->state_ms);
	tree_line_usage(branch, worker->pid);
	if (worker->requests >= 0)
		canvas_put_right(canvas, END_REQUESTS, CANVAS_PLAIN, human_count((uint64_t)worker->requests, text));
	if (is_wide(canvas) && worker->bytes_in >= 0)
		canvas_put_right(canvas, END_IN, CANVAS_PLAIN, human_size((uint64_t)worker->bytes_in, text));
	if (is_wide(canvas) && worker->bytes_out >= 0)
		canvas_put_right(canvas, END_OUT, CANVAS_PLAIN, human_size((uint64_t)worker->bytes_out, text));
	canvas_put(canvas, is_wide(canvas) ? COLUMN_PEER_WIDE : COLUMN_PEER, CANVAS_PLAIN, worker->peer);
}
