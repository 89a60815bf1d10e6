/* SPDX-License-Identifier: MIT */
/* Decides what counts as seen and as clean, and says why in one sentence each. Called by course.c. */
#include "lab/verdict.h"

#include <stdio.h>

#include "base/buf.h"

size_t verdict_symptoms(const struct experiment *experiment)
{
	size_t count = 0;

	while (count < EXPERIMENT_SYMPTOMS && experiment->symptoms[count].seen_from > 0)
		count++;
	return count;
}

static void put_figure(struct buf *buf, enum figure figure, int64_t value)
{
	char text[FIGURE_TEXT];

	buf_printf(buf, "%s: %s", figure_label(figure), figure_text(figure, value, text));
}

/* "(zombies: 23; …)", and what was expected, if it was not met. */
static void put_symptoms(
	struct buf *buf, const struct experiment *experiment, const struct stage_outcome *outcome, bool met)
{
	char text[FIGURE_TEXT];

	buf_puts(buf, " (");
	for (size_t i = 0; i < verdict_symptoms(experiment); i++) {
		const struct symptom *symptom = &experiment->symptoms[i];

		buf_puts(buf, i > 0 ? "; " : "");
		put_figure(buf, symptom->figure, outcome->figure[symptom->figure]);
		if (!met)
			buf_printf(buf, ", expected: %s or more",
				figure_text(symptom->figure, symptom->seen_from, text));
	}
	buf_puts(buf, ").");
}

static bool find_in_faulty(
	const struct experiment *experiment, const struct stage_outcome *outcome, struct sentence *ret_about)
{
	bool seen = outcome->played;
	struct buf buf;

	buf_init(&buf, ret_about->text, sizeof ret_about->text);
	if (!outcome->played) {
		buf_printf(&buf, "The faulty server did not play: %.300s.", outcome->why.text);
		return false;
	}
	for (size_t i = 0; i < verdict_symptoms(experiment); i++)
		seen &= outcome->figure[experiment->symptoms[i].figure] >= experiment->symptoms[i].seen_from;
	buf_puts(&buf, seen ? "The mistake was seen" : "The mistake was not seen");
	put_symptoms(&buf, experiment, outcome, seen);
	return seen;
}

/* How brood failed, or NULL. */
static const struct symptom *first_shown(const struct experiment *experiment, const struct stage_outcome *outcome)
{
	for (size_t i = 0; i < verdict_symptoms(experiment); i++)
		if (outcome->figure[experiment->symptoms[i].figure] > experiment->symptoms[i].clean_until)
			return &experiment->symptoms[i];
	return NULL;
}

static bool find_in_brood(
	const struct experiment *experiment, const struct stage_outcome *outcome, struct sentence *ret_about)
{
	const struct symptom *shown = first_shown(experiment, outcome);
	struct buf buf;

	buf_init(&buf, ret_about->text, sizeof ret_about->text);
	if (!outcome->played) {
		buf_printf(&buf, "brood did not play: %.300s.", outcome->why.text);
		return false;
	}
	if (shown) {
		buf_puts(&buf, "brood showed it (");
		put_figure(&buf, shown->figure, outcome->figure[shown->figure]);
		buf_puts(&buf, ").");
		return false;
	}
	if (outcome->figure[FIGURE_ENDED]) {
		buf_printf(&buf, "brood ended by itself; its last words: %.300s.", outcome->last.says);
		return false;
	}
	if (outcome->figure[FIGURE_UNANSWERED] > 0) {
		buf_puts(&buf, "brood did not serve everybody (");
		put_figure(&buf, FIGURE_UNANSWERED, outcome->figure[FIGURE_UNANSWERED]);
		buf_puts(&buf, ").");
		return false;
	}
	buf_puts(&buf, "brood did not show it");
	put_symptoms(&buf, experiment, outcome, true);
	return true;
}

void verdict_find(const struct experiment *experiment, const struct stage_outcome outcome[STAGE_CASTS],
	struct verdict *ret_verdict)
{
	ret_verdict->seen = find_in_faulty(experiment, &outcome[STAGE_FAULTY], &ret_verdict->about[STAGE_FAULTY]);
	ret_verdict->clean = find_in_brood(experiment, &outcome[STAGE_BROOD], &ret_verdict->about[STAGE_BROOD]);
}
