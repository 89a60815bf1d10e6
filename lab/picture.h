/* SPDX-License-Identifier: MIT */
/* What happens, as one picture on a terminal of at least 80 columns, drawn again and again in its place. */
#ifndef LAB_PICTURE_H
#define LAB_PICTURE_H

#include "lab/stage.h"

#define PICTURE_ROWS  5  /* those with a course of their own */
#define PICTURE_LOOKS 64 /* of a course; then every second one is dropped */

struct picture_course {
	int64_t value[PICTURE_LOOKS];
	size_t count;
	unsigned int each, skipped; /* of so many looks one is kept */
};

struct picture {
	bool unicode, colour;
	bool drawn;
	bool has[STAGE_CASTS];
	struct stage_moment moment[STAGE_CASTS];
	struct picture_course course[STAGE_CASTS][PICTURE_ROWS];
};

/* True if standard output can be drawn on. */
bool picture_can(void);

void picture_init(struct picture *picture);
void picture_show(struct picture *picture, enum stage_cast cast, const struct stage_moment *moment);

/* ---- For reports, too ---- */

enum picture_tone {
	PICTURE_PLAIN,
	PICTURE_STRONG,
	PICTURE_GOOD,
	PICTURE_BAD,
	PICTURE_DIM,
};

/* What begins such text, and ends it; "" where there are no colours. */
const char *picture_tone(bool colour, enum picture_tone tone);

/* Nobody asked to do without, and standard output is a terminal. */
bool picture_has_colour(void);

#endif
