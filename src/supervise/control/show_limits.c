/* SPDX-License-Identifier: MIT */
/*
 * `brood ctl limits`: what is in effect for each service, how much of it is used, and how often it was in somebody's way.
 * What is off is left out. One row of the table below for each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "observe/figures.h"
#include "observe/human.h"
#include "observe/queue_depth.h"
#include "supervise/control/show.h"
#include "supervise/supervisor.h"

#define NAME_MAX_SHOWN 64
#define TEXT_MAX_SHOWN 1024
#define VALUE_SIZE     24

enum unit { UNIT_COUNT, UNIT_BOUND, UNIT_MS, UNIT_BYTES, UNIT_KIB, UNIT_PER_MIN, UNIT_TEXT };
enum used { USED_UNKNOWN, USED_CLIENTS, USED_QUEUE, USED_WORKERS };

struct limit {
	const char *name; /* of the option */
	size_t offset;    /* in struct brood_service */
	enum unit unit;
	enum used used;
	enum end_reason reason; /* how those end who are beyond it; END_NONE: see counter */
	const char *counter;    /* of figures_counters, or NULL */
	unsigned int models;    /* whose limit it is, a bit each; 0: everybody's */
};

#define OF(model)    (1U << (model))
#define STANDING     (OF(BROOD_PREFORK) | OF(BROOD_EVENT))
#define LIMIT(field) .offset = offsetof(struct brood_service, field)

static const struct limit limits[] = {
	{ "workers", LIMIT(workers), UNIT_BOUND, USED_CLIENTS, 0, "pauses", OF(BROOD_FORK) | OF(BROOD_ITERATIVE) },
	{ "workers", LIMIT(workers), UNIT_BOUND, USED_WORKERS, 0, NULL, STANDING },
	{ "max-conns", LIMIT(max_conns), UNIT_COUNT, 0, 0, NULL, OF(BROOD_EVENT) },
	{ "threads", LIMIT(threads), UNIT_BOUND, USED_CLIENTS, 0, "pauses", OF(BROOD_THREAD) },
	{ "max-requests", LIMIT(max_requests), UNIT_COUNT, 0, 0, "worker_recycled", STANDING },
	{ "recycle-memory", LIMIT(recycle_memory_kib), UNIT_KIB, 0, 0, "worker_recycled", STANDING },
	{ "max-memory", LIMIT(max_memory_kib), UNIT_KIB, 0, 0, NULL, STANDING | OF(BROOD_FORK) },
	{ "backlog", LIMIT(backlog), UNIT_COUNT, USED_QUEUE, 0, NULL, 0 },
	{ "max-packet", LIMIT(max_packet), UNIT_BYTES, 0, END_TOO_LARGE, NULL, 0 },
	{ "first-byte-timeout", LIMIT(first_byte_timeout_ms), UNIT_MS, 0, END_FIRST_BYTE_TIMEOUT, NULL, 0 },
	{ "idle-timeout", LIMIT(idle_timeout_ms), UNIT_MS, 0, END_IDLE_TIMEOUT, NULL, 0 },
	{ "request-timeout", LIMIT(request_timeout_ms), UNIT_MS, 0, END_REQUEST_TIMEOUT, NULL, 0 },
	{ "write-timeout", LIMIT(write_timeout_ms), UNIT_MS, 0, END_WRITE_TIMEOUT, NULL, 0 },
	{ "total-timeout", LIMIT(total_timeout_ms), UNIT_MS, 0, END_TOTAL_TIMEOUT, NULL, 0 },
	{ "kill-after", LIMIT(kill_after_ms), UNIT_MS, 0, END_WORKER_KILLED, NULL, 0 },
	{ "min-rate", LIMIT(min_rate), UNIT_BYTES, 0, END_TOO_SLOW, NULL, 0 },
	{ "max-clients", LIMIT(max_clients), UNIT_COUNT, USED_CLIENTS, END_REFUSED_FULL, NULL, 0 },
	{ "reserved", LIMIT(reserved), UNIT_COUNT, 0, END_REFUSED_FULL, NULL, 0 },
	{ "max-per-source", LIMIT(max_per_source), UNIT_COUNT, 0, END_REFUSED_PER_SOURCE, NULL, 0 },
	{ "source-rate", LIMIT(source_rate_per_min), UNIT_PER_MIN, 0, END_REFUSED_RATE, NULL, 0 },
	{ "penalty-crash", LIMIT(penalty_crash_ms), UNIT_MS, 0, END_REFUSED_PENALTY, NULL, 0 },
	{ "penalty-timeout", LIMIT(penalty_timeout_ms), UNIT_MS, 0, END_REFUSED_PENALTY, NULL, 0 },
	{ "penalty-blame", LIMIT(penalty_blame_ms), UNIT_MS, 0, END_REFUSED_PENALTY, NULL, 0 },
	{ "early-drop-from", LIMIT(early_drop_from), UNIT_COUNT, USED_CLIENTS, END_REFUSED_EARLY, NULL, 0 },
	{ "queue-timeout", LIMIT(queue_timeout_ms), UNIT_MS, 0, END_REFUSED_QUEUE_TIME, NULL, 0 },
	{ "allow", LIMIT(allow), UNIT_TEXT, 0, END_REFUSED_BY_LIST, NULL, 0 },
	{ "deny", LIMIT(deny), UNIT_TEXT, 0, END_REFUSED_BY_LIST, NULL, 0 },
};

#define LIMITS (sizeof limits / sizeof *limits)

struct row {
	const struct limit *limit;
	int value;        /* not of UNIT_TEXT */
	const char *text; /* of UNIT_TEXT */
	bool is_used, is_counted;
	uint64_t used, beyond;
	const char *as; /* how those are called who were beyond */
};

/* How many wait to be accepted, at all of the listeners that tell. */
static bool find_queue(const struct supervised *service, uint64_t *ret_waiting)
{
	struct queue_depth queues[ENGINE_LISTENERS];
	bool known = false;

	for (size_t i = 0; i < service->listener_count; i++)
		queues[i] = (struct queue_depth){
			.inode = service->listeners[i].fd >= 0 ? queue_depth_inode(service->listeners[i].fd) : 0,
		};
	*ret_waiting = 0;
	if (queue_depth_read(queues, service->listener_count) < 0)
		return false;
	for (size_t i = 0; i < service->listener_count; i++) {
		known = known || queues[i].known;
		*ret_waiting += queues[i].known ? queues[i].waiting : 0;
	}
	return known;
}

static void find_use(struct row *row, const struct supervised *service, const struct figures *figures)
{
	row->is_used = row->limit->used != USED_UNKNOWN;
	if (row->limit->used == USED_CLIENTS)
		row->used = figures->out;
	else if (row->limit->used == USED_WORKERS)
		row->used = figures->workers;
	else if (row->limit->used == USED_QUEUE)
		row->is_used = find_queue(service, &row->used);
}

static void find_beyond(struct row *row, const struct figures *figures)
{
	const struct figures_counter *counter = figures_counters;

	row->is_counted = true;
	if (row->limit->reason != END_NONE) {
		row->beyond = figures->ended_by[row->limit->reason];
		row->as = end_reason_name(row->limit->reason);
		return;
	}
	while (counter->name && row->limit->counter && strcmp(counter->name, row->limit->counter) != 0)
		counter++;
	row->is_counted = row->limit->counter && counter->name;
	if (!row->is_counted)
		return;
	row->beyond = figures_counter(figures, counter);
	row->as = counter->name;
}

/* False: it is off, or not of this model. */
static bool find_row(
	struct row *row, const struct limit *limit, const struct supervised *service, const struct figures *figures)
{
	const char *field = (const char *)&service->effective + limit->offset;

	*row = (struct row){ .limit = limit };
	if (limit->models != 0 && !(limit->models & OF(service->effective.model)))
		return false;
	if (limit->unit == UNIT_BOUND)
		row->value = show_size(service);
	else if (limit->unit == UNIT_TEXT)
		row->text = *(const char *const *)(const void *)field;
	else
		row->value = *(const int *)(const void *)field;
	if (!row->text && row->value <= 0)
		return false;
	find_use(row, service, figures);
	find_beyond(row, figures);
	return true;
}

/* ---- JSON -------------------------------------------------------------------------------------------------- */

static void put_json(struct json *json, const struct row *row)
{
	static const char *const units[] = {
		[UNIT_COUNT] = "count",
		[UNIT_BOUND] = "count",
		[UNIT_MS] = "ms",
		[UNIT_BYTES] = "bytes",
		[UNIT_KIB] = "KiB",
		[UNIT_PER_MIN] = "per_minute",
		[UNIT_TEXT] = "blocks",
	};

	char text[TEXT_MAX_SHOWN + 1];

	json_open(json, NULL, '{');
	json_text(json, "name", row->limit->name);
	snprintf(text, sizeof text, "%s", row->text ? row->text : "");
	if (row->text)
		json_text(json, "value", text);
	else
		json_i(json, "value", row->value);
	json_text(json, "unit", units[row->limit->unit]);
	if (row->is_used)
		json_u(json, "now", row->used);
	else
		json_null(json, "now");
	if (row->is_counted)
		json_u(json, "beyond", row->beyond);
	else
		json_null(json, "beyond");
	json_text(json, "as", row->as);
	json_close(json, '}');
}

/* ---- Text -------------------------------------------------------------------------------------------------- */

static void put_value(const struct row *row, char text[VALUE_SIZE])
{
	char human[HUMAN_SIZE];

	switch (row->limit->unit) {
	case UNIT_COUNT:
	case UNIT_BOUND:
		snprintf(text, VALUE_SIZE, "%d", row->value);
		break;
	case UNIT_MS:
		snprintf(text, VALUE_SIZE, "%s", human_duration(INT64_C(1000) * row->value, human));
		break;
	case UNIT_BYTES:
		snprintf(text, VALUE_SIZE, "%s", human_size((uint64_t)row->value, human));
		break;
	case UNIT_KIB:
		snprintf(text, VALUE_SIZE, "%s", human_size(UINT64_C(1024) * (uint64_t)row->value, human));
		break;
	case UNIT_PER_MIN:
		snprintf(text, VALUE_SIZE, "%d/m", row->value);
		break;
	case UNIT_TEXT:
		snprintf(text, VALUE_SIZE, "set");
		break;
	}
}

static void put_text(struct buf *out, const struct row *row)
{
	char value[VALUE_SIZE], used[VALUE_SIZE] = "-", beyond[VALUE_SIZE] = "-";

	put_value(row, value);
	if (row->is_used)
		snprintf(used, sizeof used, "%" PRIu64, row->used);
	if (row->is_counted)
		snprintf(beyond, sizeof beyond, "%" PRIu64, row->beyond);
	buf_printf(out, "  %-20s%10s%10s%12s%s%s\n", row->limit->name, value, used, beyond, row->as ? "  " : "",
		row->as ? row->as : "");
}

/* ---- Both -------------------------------------------------------------------------------------------------- */

static void begin_service(struct show *show, const struct supervised *service, const struct figures *figures)
{
	bool dry = service->effective.dry_run_limits == 1;
	char name[NAME_MAX_SHOWN + 1];

	if (show->as_json) {
		snprintf(name, sizeof name, "%s", service->effective.name);
		json_open(&show->json, NULL, '{');
		json_text(&show->json, "name", name);
		json_u(&show->json, "generation", show_generation(service));
		json_bool(&show->json, "dry_run", dry);
		json_u(&show->json, "would_refuse", figures->would_refuse);
		json_open(&show->json, "limits", '[');
		return;
	}
	buf_putc(show->out, '\n');
	show_foreign(show->out, service->effective.name, NAME_MAX_SHOWN);
	buf_printf(show->out, ": %s, generation %u", engine_model_name(service->effective.model),
		show_generation(service));
	if (dry)
		buf_printf(show->out, ", dry run: %" PRIu64 " would have been refused", figures->would_refuse);
	buf_printf(show->out, "\n  %-20s%10s%10s%12s  %s\n", "LIMIT", "VALUE", "NOW", "BEYOND", "AS");
}

static void put_service(struct show *show, const struct supervised *service)
{
	struct figures figures;
	struct row row;

	totals_read(&figures, service);
	begin_service(show, service, &figures);
	for (size_t i = 0; i < LIMITS; i++) {
		if (!find_row(&row, &limits[i], service, &figures))
			continue;
		if (show->as_json)
			put_json(&show->json, &row);
		else
			put_text(show->out, &row);
	}
	if (!show->as_json)
		return;
	json_close(&show->json, ']');
	json_close(&show->json, '}');
}

bool show_limits(struct show *show)
{
	const struct supervised *service;

	if (!show->begun && show->as_json) {
		json_open(&show->json, NULL, '{');
		json_open(&show->json, "services", '[');
	}
	show->begun = true;
	service = show_next_service(show, &show->service);
	if (service) {
		put_service(show, service);
		show->service++;
		return true;
	}
	if (show->as_json) {
		json_close(&show->json, ']');
		json_close(&show->json, '}');
		buf_putc(show->out, '\n');
	}
	return false;
}
