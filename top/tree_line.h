/* SPDX-License-Identifier: MIT */
/* One line of the tree of processes: its columns, and the branches before it. */
#ifndef TOP_TREE_LINE_H
#define TOP_TREE_LINE_H

#include "top/canvas.h"
#include "top/picture.h"

#define TREE_DEPTH_MAX 8

/* Where in the tree we are. */
struct branch {
	struct canvas *canvas;
	const struct picture *picture;
	const struct canvas_tree *tree;
	const struct picture_process **by_parent; /* and by pid */
	const struct picture_worker **workers_by_pid;
	const wchar_t *trunk[TREE_DEPTH_MAX]; /* what stands before the branches of each depth */
	size_t depth;
};

void tree_line_heading(struct canvas *canvas);

/* A new line, with its branch and label; what follows is put there. pid 0: no process of its own. */
void tree_line_begin(const struct branch *branch, pid_t pid, bool last, enum canvas_style style, const char *label);

void tree_line_usage(const struct branch *branch, pid_t pid);
void tree_line_state(const struct branch *branch, enum canvas_style style, const char *state, int64_t since_ms);

/* All of it. */
void tree_line_worker(const struct branch *branch, const struct picture_worker *worker, bool last);

#endif
