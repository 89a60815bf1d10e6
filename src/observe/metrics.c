/* SPDX-License-Identifier: MIT */
/*
 * Decides which metrics there are and how they are called (docs/reference/metrics.md). Invariant: all samples of a metric stand
 * together behind its HELP and TYPE, whatever a service is called, and no counter goes backwards unless a figure does.
 * Called by the status process.
 */
#include "observe/metrics.h"

#include <string.h>

#include "observe/log_escape.h"

#define LABEL_SIZE 512
#define US_PER_SEC 1000000

/* Upper bounds of a histogram's buckets as powers of two, in µs: where the log-linear ones have a bound, too, so that
 * nothing is counted in the wrong one. Closer where a fork is (0.1 to 16 ms), wider up to 18 minutes. */
static const unsigned char bounds_log2[] = { 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 22, 24, 26, 28, 30 };
#define BOUNDS (sizeof bounds_log2 / sizeof *bounds_log2)

static const char *const worker_states[] = {
	[METRICS_STARTING] = "starting",
	[METRICS_IDLE] = "idle",
	[METRICS_BUSY] = "busy",
	[METRICS_LEAVING] = "leaving",
};

struct scrape {
	struct buf *text;
	const struct metrics_service *services;
	size_t count;
};

/* The format knows three escapes and is UTF-8; whatever else a name holds is made visible first. */
static void put_value(struct buf *text, const char *value)
{
	char harmless[LABEL_SIZE];
	struct buf copy;

	buf_init(&copy, harmless, sizeof harmless);
	log_escape(&copy, value, LOG_ESCAPE_MESSAGE);
	for (const char *at = harmless; *at; at++) {
		if (*at == '"' || *at == '\\')
			buf_putc(text, '\\');
		buf_putc(text, *at);
	}
}

static void put_label(struct buf *text, const char *key, const char *value)
{
	buf_puts(text, key);
	buf_puts(text, "=\"");
	put_value(text, value);
	buf_putc(text, '"');
}

static void put_family(struct buf *text, const char *name, const char *type, const char *help)
{
	buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name{service="…",model="…"} with room for one label more, which may be NULL. */
static void put_name(
	struct buf *text, const char *name, const struct metrics_service *service, const char *key, const char *value)
{
	buf_puts(text, name);
	buf_putc(text, '{');
	put_label(text, "service", service->name);
	buf_putc(text, ',');
	put_label(text, "model", service->model);
	if (key) {
		buf_putc(text, ',');
		put_label(text, key, value);
	}
	buf_puts(text, "} ");
}

static void put_number(struct buf *text, uint64_t number)
{
	buf_putu(text, number);
	buf_putc(text, '\n');
}

static void put_seconds(struct buf *text, uint64_t us)
{
	buf_putu(text, us / US_PER_SEC);
	buf_putc(text, '.');
	buf_putu_padded(text, us % US_PER_SEC, 6);
}

/* ---- One function for each kind ---- */

static void put_program(struct buf *text, const struct metrics_program *program)
{
	put_family(text, "brood_build_info", "gauge", "always 1; the version is a label");
	buf_puts(text, "brood_build_info{");
	put_label(text, "version", program->version);
	buf_puts(text, "} 1\n");
	put_family(text, "brood_start_time_seconds", "gauge", "when the supervisor started, since 1970");
	buf_printf(text, "brood_start_time_seconds %lld.%03d\n", (long long)(program->started_ms / 1000),
		(int)(program->started_ms % 1000));
	put_family(text, "brood_supervisor_lost_lines_total", "counter",
		"lines of the log that its target did not take from the supervisor");
	buf_puts(text, "brood_supervisor_lost_lines_total ");
	put_number(text, program->lost_lines);
	put_family(text, "brood_status_starts_total", "counter", "starts of the process that answers this");
	buf_puts(text, "brood_status_starts_total ");
	put_number(text, program->status_starts);
}

static void put_counters(const struct scrape *scrape)
{
	for (const struct figures_counter *counter = figures_counters; counter->name; counter++) {
		char memory[LABEL_SIZE];
		struct buf name;

		buf_init(&name, memory, sizeof memory);
		buf_printf(&name, "brood_%s_total", counter->name);
		put_family(scrape->text, name.data, "counter", counter->help);
		for (size_t i = 0; i < scrape->count; i++) {
			put_name(scrape->text, name.data, &scrape->services[i], NULL, NULL);
			put_number(scrape->text, figures_counter(&scrape->services[i].figures, counter));
		}
	}
}

/* All reasons, also those that never were: a rate needs the zero before the first one. */
static void put_reasons(const struct scrape *scrape)
{
	static const char name[] = "brood_ends_total";

	put_family(scrape->text, name, "counter", "connections and datagrams that are over, by reason");
	for (size_t i = 0; i < scrape->count; i++)
		for (unsigned int reason = END_NONE + 1; reason < END_REASONS; reason++) {
			put_name(scrape->text, name, &scrape->services[i], "reason", end_reason_name(reason));
			put_number(scrape->text, scrape->services[i].figures.ended_by[reason]);
		}
}

static uint64_t starts_of(const struct metrics_service *service)
{
	return service->starts;
}

static uint64_t ready_of(const struct metrics_service *service)
{
	return service->ready;
}

static uint64_t out_of(const struct metrics_service *service)
{
	return service->figures.out;
}

static uint64_t capacity_of(const struct metrics_service *service)
{
	return service->figures.capacity;
}

static uint64_t paused_of(const struct metrics_service *service)
{
	return service->figures.paused;
}

static void put_numbers(const struct scrape *scrape)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*of)(const struct metrics_service *service);
	} rows[] = {
		{ "brood_service_ready", "gauge", "1: it takes clients and means to go on", ready_of },
		{ "brood_service_starts_total", "counter", "starts of its service process", starts_of },
		{ "brood_connections", "gauge", "connections and datagrams with a worker", out_of },
		{ "brood_capacity", "gauge", "how many there may be at once", capacity_of },
		{ "brood_paused", "gauge", "1: nobody is accepted at the moment", paused_of },
	};

	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		put_family(scrape->text, rows[row].name, rows[row].type, rows[row].help);
		for (size_t i = 0; i < scrape->count; i++) {
			put_name(scrape->text, rows[row].name, &scrape->services[i], NULL, NULL);
			put_number(scrape->text, rows[row].of(&scrape->services[i]));
		}
	}
}

static void put_workers(const struct scrape *scrape)
{
	static const char name[] = "brood_workers";

	put_family(scrape->text, name, "gauge", "workers by what they are doing");
	for (size_t i = 0; i < scrape->count; i++)
		for (size_t state = 0; state < METRICS_WORKER_STATES; state++) {
			put_name(scrape->text, name, &scrape->services[i], "state", worker_states[state]);
			put_number(scrape->text, scrape->services[i].workers[state]);
		}
}

/* Several sockets may have one address (SO_REUSEPORT), and a series comes once: the sum, where the first of them
 * stands. False for the others, and where the kernel does not tell. */
static bool sum_queues(const struct metrics_service *service, size_t first, size_t offset, uint64_t *ret_sum)
{
	const struct metrics_listener *listeners = service->listeners;
	uint64_t sum = 0;

	if (!listeners[first].queue.known)
		return false;
	for (size_t i = 0; i < service->listener_count; i++) {
		if (!listeners[i].queue.known || strcmp(listeners[i].url, listeners[first].url) != 0)
			continue;
		if (i < first)
			return false;
		sum += *(const uint32_t *)(const void *)((const char *)&listeners[i].queue + offset);
	}
	*ret_sum = sum;
	return true;
}

static void put_queues(const struct scrape *scrape, const char *name, const char *help, size_t offset)
{
	uint64_t sum;

	put_family(scrape->text, name, "gauge", help);
	for (size_t i = 0; i < scrape->count; i++)
		for (size_t j = 0; j < scrape->services[i].listener_count; j++) {
			if (!sum_queues(&scrape->services[i], j, offset, &sum))
				continue;
			put_name(scrape->text, name, &scrape->services[i], "listener",
				scrape->services[i].listeners[j].url);
			put_number(scrape->text, sum);
		}
}

/* Whole microseconds below a bound of 2^n stood for times below it: the bound itself belongs to nobody. */
static void put_histogram(struct buf *text, const char *name, const struct metrics_service *service,
	const struct histogram_counts *counts)
{
	char memory[LABEL_SIZE], bound_memory[LABEL_SIZE];
	struct buf full_name, bound;
	uint64_t below = 0;
	unsigned int next = 0;

	buf_init(&full_name, memory, sizeof memory);
	buf_printf(&full_name, "%s_bucket", name);
	for (size_t i = 0; i < BOUNDS; i++) {
		uint64_t bound_us = UINT64_C(1) << bounds_log2[i];

		for (; next < histogram_index(bound_us); next++)
			below += counts->bucket[next];
		buf_init(&bound, bound_memory, sizeof bound_memory);
		put_seconds(&bound, bound_us);
		put_name(text, full_name.data, service, "le", bound.data);
		put_number(text, below);
	}
	put_name(text, full_name.data, service, "le", "+Inf");
	put_number(text, counts->count);
	buf_reset(&full_name);
	buf_printf(&full_name, "%s_sum", name);
	put_name(text, full_name.data, service, NULL, NULL);
	put_seconds(text, counts->sum_us);
	buf_putc(text, '\n');
	buf_reset(&full_name);
	buf_printf(&full_name, "%s_count", name);
	put_name(text, full_name.data, service, NULL, NULL);
	put_number(text, counts->count);
}

static void put_histograms(const struct scrape *scrape, const char *name, const char *help, size_t offset)
{
	put_family(scrape->text, name, "histogram", help);
	for (size_t i = 0; i < scrape->count; i++) {
		const char *figures = (const char *)&scrape->services[i].figures;

		put_histogram(scrape->text, name, &scrape->services[i], (const void *)(figures + offset));
	}
}

void metrics_write(
	struct buf *text, const struct metrics_program *program, const struct metrics_service *services, size_t count)
{
	const struct scrape scrape = { text, services, count };

	put_program(text, program);
	put_numbers(&scrape);
	put_workers(&scrape);
	put_counters(&scrape);
	put_reasons(&scrape);
	put_histograms(
		&scrape, "brood_duration_seconds", "from accept to the end", offsetof(struct figures, duration));
	put_histograms(&scrape, "brood_queue_wait_seconds", "from connected to accepted, where that is known",
		offsetof(struct figures, queue_wait));
	put_queues(&scrape, "brood_queue_clients", "clients in the kernel's queue, waiting to be accepted",
		offsetof(struct queue_depth, waiting));
	put_queues(&scrape, "brood_queue_limit", "how many may wait there", offsetof(struct queue_depth, limit));
}

void metrics_count_worker(struct metrics_service *service, const struct figures_worker *worker)
{
	for (size_t state = 0; state < METRICS_WORKER_STATES; state++)
		if (worker->standing ? strcmp(worker->state, worker_states[state]) == 0
				     : worker->busy && state == METRICS_BUSY) {
			service->workers[state]++;
			return;
		}
}
