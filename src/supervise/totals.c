/* SPDX-License-Identifier: MIT */
/*
 * Invariant: over reloads, deaths and upgrades (legacy_totals.c) a counter never goes back; what a process counts is in one sum
 * at a time.
 */
#include "supervise/totals.h"

#include <string.h>

#include "supervise/supervisor.h"

bool totals_of_process(struct figures *ret_figures, const struct supervised *service)
{
	if (service->board.fd >= 0)
		figures_read(ret_figures, &service->board);
	else if (service->foreign.board.fd >= 0)
		*ret_figures = service->foreign.figures;
	else
		return false;
	return true;
}

/* Processes of generations before that still finish what they started. */
static void add_retired(struct figures *figures, const struct supervised *service)
{
	const struct supervised *other = NULL;
	struct figures now;

	while ((other = generation_next(service->supervisor, other))) {
		if (other->generation->role == GENERATION_RETIRED &&
			strcmp(other->effective.name, service->effective.name) == 0 && totals_of_process(&now, other))
			figures_add(figures, &now);
	}
}

void totals_read(struct figures *ret_figures, const struct supervised *service)
{
	struct figures now;

	*ret_figures = service->totals.past;
	add_retired(ret_figures, service);
	if (!totals_of_process(&now, service))
		return;
	figures_add(ret_figures, &now);
	ret_figures->out = now.out;
	ret_figures->workers = now.workers;
	ret_figures->idle = now.idle;
	ret_figures->capacity = now.capacity;
	ret_figures->paused = now.paused;
}

void totals_keep(struct supervised *service)
{
	struct supervised *keeper = NULL;
	struct figures last;

	if (!totals_of_process(&last, service))
		return;
	if (service->generation->role == GENERATION_RETIRED)
		keeper = generation_find(service->supervisor, service->effective.name);
	figures_add(&(keeper ? keeper : service)->totals.past, &last);
}

void totals_pass_on(struct totals *from, struct totals *to)
{
	figures_add(&to->past, &from->past);
	to->starts += from->starts;
	to->deaths += from->deaths;
	*from = (struct totals){ 0 };
}

void totals_bequeath(const struct supervised *service)
{
	struct supervised *heir = generation_find(service->supervisor, service->effective.name);

	if (!heir || heir == service)
		return;
	figures_add(&heir->totals.past, &service->totals.past);
	heir->totals.starts += service->totals.starts;
	heir->totals.deaths += service->totals.deaths;
}
