/* SPDX-License-Identifier: MIT */
/* From a picture to lines: what stands where, and what is cut first when it is narrow. Pure. */
#ifndef TOP_DRAW_H
#define TOP_DRAW_H

#include "top/canvas.h"
#include "top/picture.h"

/* Narrower than this, columns are cut off. */
#define DRAW_WIDTH 80

/* The lines at the top that stay when the rest is scrolled. */
#define DRAW_HEAD 2

/* The first DRAW_HEAD lines say how it is as a whole; then the services; then all processes, as a tree. */
void draw(struct canvas *canvas, const struct picture *picture, const struct canvas_tree *tree);

#endif
