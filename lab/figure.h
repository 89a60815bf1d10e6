/* SPDX-License-Identifier: MIT */
/* What is measured of a server under its load: the figures that a mistake shows in, by name. Pure. */
#ifndef LAB_FIGURE_H
#define LAB_FIGURE_H

#include <stddef.h>
#include <stdint.h>

enum figure {
	/* As its clients see it. */
	FIGURE_UNANSWERED, /* have asked, or could not, and have no answer when the time is up */
	FIGURE_HANGING,    /* have their answer, and the connection does not end; at most at once */
	FIGURE_WRONG,      /* got an answer that does not begin as it should */
	FIGURE_REPEATED,   /* got the same answer as a client before them */
	FIGURE_SLOWEST,    /* ms from connecting to the first byte of the answer */
	FIGURE_CONNECTING, /* ms until connect(2) returned, the slowest client */

	/* As the kernel sees it. */
	FIGURE_ZOMBIES, /* when the time is up */
	FIGURE_ZOMBIES_MOST,
	FIGURE_LEFT_OVER,   /* processes more than before the load, when the time is up */
	FIGURE_PROCESSES,   /* at most, without zombies */
	FIGURE_DESCRIPTORS, /* open at most, of the process that has most of them */
	FIGURE_QUEUE,       /* connected and not accepted, at most */
	FIGURE_CPU,         /* percent of one core, over the end of the load */
	FIGURE_CPU_WANTED,  /* with the time that it waited for a core: what it would be on a machine of its own */
	FIGURE_WAKE_UPS,    /* of all processes, for each hundred clients */
	FIGURE_SIGNALS_SENT,
	FIGURE_SIGNALS_HANDLED, /* SIGCHLD; only where each client is a child's */
	FIGURE_ENDED,           /* 1: the server has ended by itself */

	/* As it says itself. */
	FIGURE_SAID_TWICE, /* lines of its output that it had said before */

	FIGURE_COUNT,
	FIGURE_NONE = FIGURE_COUNT,
};

#define FIGURE_TEXT 24

const char *figure_name(enum figure figure);  /* for programs: "zombies" */
const char *figure_label(enum figure figure); /* for people, at most 24 columns */
const char *figure_text(enum figure figure, int64_t value, char text[FIGURE_TEXT]); /* "23", "1.2 s", "yes" */

#endif
