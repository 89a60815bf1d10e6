/* SPDX-License-Identifier: MIT */
#ifndef TOP_DRAW_TREE_H
#define TOP_DRAW_TREE_H

#include "top/canvas.h"
#include "top/picture.h"

/* A line for each process and for each client that has no process of its own. */
void draw_tree(struct canvas *canvas, const struct picture *picture, const struct canvas_tree *tree);

#endif
