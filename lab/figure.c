/* SPDX-License-Identifier: MIT */
/* Decides what each figure is called and how its value is written. Called by pictures and reports. */
#include "lab/figure.h"

#include <inttypes.h>
#include <stdio.h>

enum unit {
	UNIT_COUNT,
	UNIT_MS,
	UNIT_PERCENT,
	UNIT_HUNDREDTHS,
	UNIT_YES,
};

static const struct {
	const char *name, *label;
	enum unit unit;
} figures[FIGURE_COUNT] = {
	[FIGURE_UNANSWERED] = { "unanswered", "without an answer", UNIT_COUNT },
	[FIGURE_HANGING] = { "hanging", "answered, still hanging", UNIT_COUNT },
	[FIGURE_WRONG] = { "wrong_answers", "wrong answers", UNIT_COUNT },
	[FIGURE_REPEATED] = { "repeated_answers", "answers equal to others", UNIT_COUNT },
	[FIGURE_SLOWEST] = { "slowest_answer_ms", "slowest answer", UNIT_MS },
	[FIGURE_CONNECTING] = { "slowest_connect_ms", "slowest connect", UNIT_MS },
	[FIGURE_ZOMBIES] = { "zombies", "zombies", UNIT_COUNT },
	[FIGURE_ZOMBIES_MOST] = { "zombies_at_most", "zombies at most", UNIT_COUNT },
	[FIGURE_LEFT_OVER] = { "processes_left", "processes left behind", UNIT_COUNT },
	[FIGURE_PROCESSES] = { "processes", "processes at most", UNIT_COUNT },
	[FIGURE_DESCRIPTORS] = { "descriptors", "descriptors of a process", UNIT_COUNT },
	[FIGURE_QUEUE] = { "queue", "in the accept queue", UNIT_COUNT },
	[FIGURE_CPU] = { "cpu_percent", "CPU at the end", UNIT_PERCENT },
	[FIGURE_CPU_WANTED] = { "cpu_wanted_percent", "CPU wanted at the end", UNIT_PERCENT },
	[FIGURE_WAKE_UPS] = { "wake_ups_per_100_clients", "wake-ups for a client", UNIT_HUNDREDTHS },
	[FIGURE_SIGNALS_SENT] = { "sigchld_sent", "SIGCHLD sent", UNIT_COUNT },
	[FIGURE_SIGNALS_HANDLED] = { "sigchld_handled", "SIGCHLD handled", UNIT_COUNT },
	[FIGURE_ENDED] = { "server_ended", "server ended by itself", UNIT_YES },
	[FIGURE_SAID_TWICE] = { "lines_said_twice", "lines said twice", UNIT_COUNT },
};

const char *figure_name(enum figure figure)
{
	return figures[figure].name;
}

const char *figure_label(enum figure figure)
{
	return figures[figure].label;
}

const char *figure_text(enum figure figure, int64_t value, char text[FIGURE_TEXT])
{
	switch (figures[figure].unit) {
	case UNIT_COUNT:
		snprintf(text, FIGURE_TEXT, "%" PRId64, value);
		break;
	case UNIT_MS:
		if (value < 1000)
			snprintf(text, FIGURE_TEXT, "%" PRId64 " ms", value);
		else
			snprintf(text, FIGURE_TEXT, "%.1f s", (double)value / 1000);
		break;
	case UNIT_PERCENT:
		snprintf(text, FIGURE_TEXT, "%" PRId64 " %%", value);
		break;
	case UNIT_HUNDREDTHS:
		snprintf(text, FIGURE_TEXT, "%.1f", (double)value / 100);
		break;
	case UNIT_YES:
		snprintf(text, FIGURE_TEXT, "%s", value ? "yes" : "no");
		break;
	}
	return text;
}
