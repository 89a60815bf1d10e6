/* SPDX-License-Identifier: MIT */
/* One server on the stage: started, put under its experiment's load, watched until its time is up, stopped. */
#ifndef LAB_STAGE_H
#define LAB_STAGE_H

#include "lab/clients.h"
#include "lab/experiment.h"
#include "lab/sample.h"
#include "lab/server.h"
#include "lab/speech.h"

enum stage_cast {
	STAGE_FAULTY,
	STAGE_BROOD,
	STAGE_CASTS,
};

/* What is to be seen at one moment. */
struct stage_moment {
	int64_t elapsed_ms; /* since the load began */
	struct clients_counts clients;
	struct sample sample;
	int64_t cpu_percent;                   /* of one core, over the last half second */
	int64_t wanted_percent;                /* with the time that it waited for a core that others had */
	int64_t signals_sent, signals_handled; /* SIGCHLD, see stage.c */
	bool ended;                            /* by itself */
	bool over;                             /* nothing follows */
	char says[SPEECH_LINE];                /* the last line, or how it ended */
};

struct stage_outcome {
	bool played;          /* false: could not be started, or was interrupted: nothing below counts */
	struct sentence why;  /* not played */
	struct bounds bounds; /* what it ran under */
	int64_t figure[FIGURE_COUNT];
	struct stage_moment last;
};

struct stage {
	const struct experiment *experiment;
	enum stage_cast cast;
	struct server_plan plan;
	void (*show)(
		void *arg, const struct stage *stage, const struct stage_moment *moment); /* some times a second */
	void *arg;
	bool (*interrupted)(void *arg); /* ^C */
	void *interrupted_arg;
};

/* Fills in *ret_outcome in any case. */
void stage_play(const struct stage *stage, struct stage_outcome *ret_outcome);

#endif
