/* SPDX-License-Identifier: MIT */
/*
 * Decides how figures are told: a record for each that is not zero. Invariant: what this image has no name for is left out, and
 * what a board says, which may be a lie, fits into a number of the baton.
 */
#include "supervise/upgrade/legacy_totals.h"

#include <string.h>

#include "contract/end_reason.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade/baton.h"

#define PAST        "past"
#define NOW         "now"

#define BUCKETS_MAX 65536

static void write_count(struct baton_writer *writer, uint64_t count)
{
	baton_number(writer, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

static void write_named(
	struct baton_writer *writer, const char *record, const char *when, const char *name, uint64_t count)
{
	if (count == 0)
		return;
	baton_record(writer, record);
	baton_text(writer, when);
	baton_text(writer, name);
	write_count(writer, count);
}

static void write_histogram(
	struct baton_writer *writer, const char *when, const char *name, const struct histogram_counts *counts)
{
	if (counts->count == 0)
		return;
	baton_record(writer, "histogram");
	baton_text(writer, when);
	baton_text(writer, name);
	write_count(writer, counts->count);
	write_count(writer, counts->sum_us);
	baton_number(writer, HISTOGRAM_BUCKETS);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		write_count(writer, counts->bucket[i]);
}

static void write_figures(struct baton_writer *writer, const char *when, const struct figures *figures)
{
	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		write_named(writer, "counter", when, counter->name, figures_counter(figures, counter));
	for (unsigned int reason = 0; reason < END_REASONS; reason++)
		write_named(writer, "ended-by", when, end_reason_name(reason), figures->ended_by[reason]);
	write_histogram(writer, when, "duration", &figures->duration);
	write_histogram(writer, when, "queue-wait", &figures->queue_wait);
}

void legacy_totals_write(struct baton_writer *writer, const struct supervised *service)
{
	struct figures now;

	baton_record(writer, "totals");
	write_count(writer, service->totals.starts);
	write_count(writer, service->totals.deaths);
	write_figures(writer, PAST, &service->totals.past);
	if (totals_of_process(&now, service))
		write_figures(writer, NOW, &now);
}

/* ---- Reading ---- */

static struct figures *take_when(struct baton_reader *reader, struct supervised *service)
{
	return strcmp(baton_take_text(reader), NOW) == 0 ? &service->foreign.figures : &service->totals.past;
}

static uint64_t take_count(struct baton_reader *reader)
{
	return (uint64_t)baton_take_number(reader, 0, INT64_MAX);
}

static void take_counter(struct baton_reader *reader, struct figures *figures)
{
	const char *name = baton_take_text(reader);
	uint64_t count = take_count(reader);

	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		if (strcmp(counter->name, name) == 0)
			*figures_counter_of(figures, counter) = count;
}

static void take_ended_by(struct baton_reader *reader, struct figures *figures)
{
	const char *name = baton_take_text(reader);
	uint64_t count = take_count(reader);

	for (unsigned int reason = 0; reason < END_REASONS; reason++)
		if (strcmp(end_reason_name(reason), name) == 0)
			figures->ended_by[reason] = count;
}

/* With other buckets than ours its counts would be of other times. */
static void take_histogram(struct baton_reader *reader, struct figures *figures)
{
	const char *name = baton_take_text(reader);
	struct histogram_counts told = { .count = take_count(reader) };

	told.sum_us = take_count(reader);
	if (baton_take_number(reader, 1, BUCKETS_MAX) != HISTOGRAM_BUCKETS)
		return;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		told.bucket[i] = take_count(reader);
	if (strcmp(name, "duration") == 0)
		figures->duration = told;
	else if (strcmp(name, "queue-wait") == 0)
		figures->queue_wait = told;
}

bool legacy_totals_take(struct baton_reader *reader, const char *record, struct supervised *service)
{
	if (strcmp(record, "totals") == 0) {
		service->totals.starts = take_count(reader);
		service->totals.deaths = take_count(reader);
	} else if (strcmp(record, "counter") == 0) {
		take_counter(reader, take_when(reader, service));
	} else if (strcmp(record, "ended-by") == 0) {
		take_ended_by(reader, take_when(reader, service));
	} else if (strcmp(record, "histogram") == 0) {
		take_histogram(reader, take_when(reader, service));
	} else {
		return false;
	}
	return true;
}
