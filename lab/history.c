/* SPDX-License-Identifier: MIT */
/* Decides what looks at a server amount to. Arithmetic, but for the first look. Called by stage.c. */
#include "lab/history.h"

#include <string.h>

#include "base/clock.h"

#define CPU_WINDOW_MS 500

static int64_t more(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void history_begin(struct history *history, struct sampler *sampler)
{
	memset(history, 0, sizeof *history);
	sample_take(sampler, &history->usual);
}

/* The youngest look that is half a second old, or the oldest that is known. */
static const struct sample *half_a_second_ago(const struct history *history, const struct sample *now)
{
	const struct sample *then = &history->usual;

	for (size_t i = 0; i < history->count && i < HISTORY_CPU; i++) {
		const struct sample *other = &history->sample[i];

		if (now->taken_ns - other->taken_ns >= CPU_WINDOW_MS * NS_PER_MS && other->taken_ns > then->taken_ns)
			then = other;
	}
	return then;
}

/* Of one core. What somebody had who has ended since is missing: never less than nothing. */
static int64_t percent(int64_t had_ms, int64_t has_ms, int64_t passed_ns)
{
	return passed_ns > 0 ? more(0, (has_ms - had_ms) * 100 * NS_PER_MS / passed_ns) : 0;
}

static void reckon_time(const struct history *history, struct stage_moment *moment)
{
	const struct sample *now = &moment->sample, *then = half_a_second_ago(history, now);
	int64_t passed_ns = now->taken_ns - then->taken_ns;

	moment->cpu_percent = percent(then->cpu_ms, now->cpu_ms, passed_ns);
	moment->wanted_percent = percent(then->wanted_ms, now->wanted_ms, passed_ns);
}

/*
 * The kernel counts no signals. But where each client is a child's, whoever was accepted and is no living child any more has ended,
 * and has told so where children end with SIGCHLD; and whoever is no zombie either was waited for.
 */
static void reckon_signals(struct history *history, struct stage_moment *moment)
{
	int64_t accepted = moment->clients.connected - moment->sample.queue;
	int64_t living = moment->sample.processes - history->usual.processes;
	int64_t ended = accepted - more(0, living);

	/* Of a server that has ended, as it was when it was seen last. */
	if (history->tells_child && !moment->ended) {
		history->signals_sent = more(moment->sample.zombies, ended);
		history->signals_handled =
			moment->sample.catches_child ? history->signals_sent - moment->sample.zombies : 0;
	}
	moment->signals_sent = history->signals_sent;
	moment->signals_handled = history->signals_handled;
}

void history_add(struct history *history, const struct experiment *experiment, struct stage_moment *moment)
{
	const struct sample *sample = &moment->sample;

	reckon_time(history, moment);
	history->processes = more(history->processes, sample->processes);
	history->descriptors = more(history->descriptors, sample->descriptors);
	history->zombies = more(history->zombies, sample->zombies);
	history->queue = more(history->queue, sample->queue);
	history->hanging = more(history->hanging, moment->clients.hanging);
	history->tells_child |= sample->tells_child;
	if (experiment->child_for_each)
		reckon_signals(history, moment);
	history->sample[history->count++ % HISTORY_CPU] = *sample;
}

void history_tell(const struct history *history, const struct stage_moment *last, int64_t figure[FIGURE_COUNT])
{
	const struct clients_counts *clients = &last->clients;

	figure[FIGURE_UNANSWERED] = clients->unanswered;
	figure[FIGURE_HANGING] = history->hanging;
	figure[FIGURE_WRONG] = clients->wrong;
	figure[FIGURE_REPEATED] = clients->repeated;
	figure[FIGURE_SLOWEST] = clients->slowest_ms;
	figure[FIGURE_CONNECTING] = clients->connecting_ms;
	figure[FIGURE_ZOMBIES] = last->sample.zombies;
	figure[FIGURE_ZOMBIES_MOST] = history->zombies;
	figure[FIGURE_LEFT_OVER] = more(0, last->sample.processes - history->usual.processes);
	figure[FIGURE_PROCESSES] = history->processes;
	figure[FIGURE_DESCRIPTORS] = history->descriptors;
	figure[FIGURE_QUEUE] = history->queue;
	figure[FIGURE_CPU] = last->cpu_percent;
	figure[FIGURE_CPU_WANTED] = last->wanted_percent;
	figure[FIGURE_WAKE_UPS] =
		(last->sample.wake_ups - history->usual.wake_ups) * 100 / more(1, clients->connected);
	figure[FIGURE_ENDED] = last->ended;
	figure[FIGURE_SIGNALS_SENT] = last->signals_sent;
	figure[FIGURE_SIGNALS_HANDLED] = last->signals_handled;
}
