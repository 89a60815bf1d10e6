/* SPDX-License-Identifier: MIT */
/* One experiment: a mistake, the load under which it shows, what to measure, and where brood holds the cure. */
#ifndef LAB_EXPERIMENT_H
#define LAB_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/figure.h"

#define EXPERIMENT_WAVES    4
#define EXPERIMENT_SYMPTOMS 2
#define EXPERIMENT_ALSO     4
#define EXPERIMENT_WORDS    16

/* What a client does once it has connected and said what it has to say. */
enum wave_then {
	WAVE_ENDS,    /* reads until the connection ends, as curl does */
	WAVE_ANSWERS, /* reads the first bytes of the answer and leaves */
	WAVE_LEAVES,  /* leaves at once, and waits for nothing */
	WAVE_STAYS,   /* reads what comes, and keeps the connection */
};

/* Clients that come together. */
struct wave {
	int start_ms;        /* since the load began */
	int count;           /* 0: no such wave */
	int at_once;         /* that come together; 0: one */
	bool in_turn;        /* each comes apart_ms after the one before has gone */
	int apart_ms;        /* between those and the next; 0: all come at once */
	const char *request; /* NULL: connects and says nothing */
	enum wave_then then;
};

struct symptom {
	enum figure figure;  /* FIGURE_UNANSWERED of a row that is all zero: none */
	int64_t seen_from;   /* the mistake shows: so much, or more */
	int64_t clean_until; /* it does not: so much, or less */
};

struct experiment {
	const char *name;
	const char *program;  /* lab/PROGRAM; NULL: called as the experiment is */
	const char *document; /* where the mistake stands */
	const char *title;    /* one line */
	const char *load;     /* one sentence: what the clients do */

	const char *server[EXPERIMENT_WORDS]; /* options of lab/NAME */
	const char *brood[EXPERIMENT_WORDS];  /* what follows `brood serve -l URL` */

	struct wave waves[EXPERIMENT_WAVES];
	const char *answer; /* how a right one begins; NULL: as it likes */
	const char *says;   /* what it has in it; NULL: as above */
	int watch_ms;       /* how long either server is watched at most */
	int settle_ms;      /* and how long after the last client has what it wants */

	/* All must show in the faulty server, and none in brood. */
	struct symptom symptoms[EXPERIMENT_SYMPTOMS];
	bool child_for_each;               /* the faulty server forks once for each client */
	enum figure also[EXPERIMENT_ALSO]; /* for the table; FIGURE_UNANSWERED is in it anyway and ends the list */

	const char *why; /* two sentences */
	const char *cure_file, *cure_function;
};

#endif
