/* SPDX-License-Identifier: MIT */
/*
 * `brood ctl status`: the supervisor, then a block for each service. Invariant: what is no number of our own comes out of
 * struct figures, where all of shared memory was checked.
 */
#include <brood/brood.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "observe/figures.h"
#include "observe/human.h"
#include "observe/log.h"
#include "observe/queue_depth.h"
#include "process/usage.h"
#include "supervise/control/control.h"
#include "supervise/control/show.h"
#include "supervise/listeners.h"
#include "supervise/supervisor.h"

#define NAME_MAX_SHOWN 64

/* Everything about a service that either form shows. */
struct status {
	const struct supervised *service;
	struct figures figures;
	struct usage usage;
	bool has_usage;
	int64_t since_ms; /* in this state */
};

static void find_status(struct status *status, const struct show *show, const struct supervised *service)
{
	int64_t since_ns = service->state_since_ns ? service->state_since_ns : control_opened_ns(show->supervisor);

	status->service = service;
	status->since_ms = (show->now_ns - since_ns) / NS_PER_MS;
	totals_read(&status->figures, service);
	status->has_usage = supervised_has_process(service) && usage_of(service->child.pid, &status->usage) == 0;
}

/* ---- JSON -------------------------------------------------------------------------------------------------- */

static void put_rates(struct json *json, const struct rates *rates)
{
	static const char *const names[] = {
		[RATES_ACCEPTED] = "accepted",
		[RATES_REQUESTS] = "requests",
		[RATES_BYTES_IN] = "bytes_in",
		[RATES_BYTES_OUT] = "bytes_out",
	};

	json_open(json, "per_second", '{');
	for (unsigned int i = 0; i < RATES; i++) {
		json_open(json, names[i], '{');
		json_tenths(json, "1s", rates_tenths(rates, i, 1));
		json_tenths(json, "10s", rates_tenths(rates, i, RATES_LONG));
		json_close(json, '}');
	}
	json_close(json, '}');
}

static void put_histogram(struct json *json, const char *key, const struct histogram_counts *counts)
{
	json_open(json, key, '{');
	json_u(json, "count", counts->count);
	json_u(json, "sum", counts->sum_us);
	json_u(json, "p50", histogram_quantile_us(counts, 500));
	json_u(json, "p90", histogram_quantile_us(counts, 900));
	json_u(json, "p99", histogram_quantile_us(counts, 990));
	json_close(json, '}');
}

static void put_counters(struct json *json, const struct figures *figures)
{
	json_open(json, "counters", '{');
	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		json_u(json, counter->name, figures_counter(figures, counter));
	json_close(json, '}');
	json_open(json, "ended_by", '{');
	for (unsigned int i = 0; i < END_REASONS; i++)
		if (figures->ended_by[i] > 0)
			json_u(json, end_reason_name(i), figures->ended_by[i]);
	json_close(json, '}');
}

static void put_process(struct json *json, const struct status *status)
{
	if (!supervised_has_process(status->service)) {
		json_null(json, "process");
		return;
	}
	json_open(json, "process", '{');
	json_i(json, "pid", status->service->child.pid);
	if (status->has_usage) {
		json_i(json, "cpu_ms", status->usage.cpu_ms);
		json_u(json, "resident_bytes", status->usage.resident_bytes);
	}
	json_close(json, '}');
}

/* With the inodes, whoever wants to can ask the kernel how long the queues are (observe/queue_depth.h). */
static void put_sockets(struct json *json, const struct supervised *service)
{
	json_open(json, "listeners", '[');
	for (size_t i = 0; i < service->listener_count; i++)
		if (service->listeners[i].fd >= 0)
			json_text(json, NULL, service->listeners[i].url);
	json_close(json, ']');
	json_open(json, "listener_inodes", '[');
	for (size_t i = 0; i < service->listener_count; i++)
		if (service->listeners[i].fd >= 0)
			json_u(json, NULL, queue_depth_inode(service->listeners[i].fd));
	json_close(json, ']');
}

static void put_json(struct json *json, const struct status *status)
{
	const struct supervised *service = status->service;
	const struct figures *figures = &status->figures;
	char name[NAME_MAX_SHOWN + 1];

	json_open(json, NULL, '{');
	snprintf(name, sizeof name, "%s", service->effective.name);
	json_text(json, "name", name);
	json_text(json, "model", engine_model_name(service->effective.model));
	json_u(json, "generation", show_generation(service));
	json_text(json, "state", show_state(service));
	json_i(json, "state_ms", status->since_ms);
	put_process(json, status);
	put_sockets(json, service);
	json_open(json, "clients", '{');
	json_u(json, "now", figures->out);
	json_i(json, "bound", show_bound(service));
	json_bool(json, "paused", figures->paused);
	json_close(json, '}');
	json_open(json, "workers", '{');
	json_u(json, "standing", figures->workers);
	json_u(json, "idle", figures->idle);
	json_close(json, '}');
	put_counters(json, figures);
	put_rates(json, &service->rates);
	put_histogram(json, "duration_us", &figures->duration);
	put_histogram(json, "queue_wait_us", &figures->queue_wait);
	json_u(json, "starts", service->totals.starts);
	json_u(json, "deaths", service->totals.deaths);
	json_close(json, '}');
}

/* ---- Text -------------------------------------------------------------------------------------------------- */

static void put_label(struct buf *out, const char *label)
{
	buf_printf(out, "  %-11s", label);
}

/* "12.3/s (1 s) 11.9/s (10 s)" */
static void put_rate(struct buf *out, const struct rates *rates, enum rates_of of)
{
	uint64_t last = rates_tenths(rates, of, 1), longer = rates_tenths(rates, of, RATES_LONG);

	buf_printf(out, "%" PRIu64 ".%u/s (10 s: %" PRIu64 ".%u/s)", last / 10, (unsigned int)(last % 10),
		longer / 10, (unsigned int)(longer % 10));
}

static void put_bytes(struct buf *out, const char *name, uint64_t bytes, const struct rates *rates, enum rates_of of)
{
	char total[HUMAN_SIZE], rate[HUMAN_SIZE];

	buf_printf(out, ", %s %s (%s/s)", name, human_size(bytes, total),
		human_size(rates_tenths(rates, of, 1) / 10, rate));
}

static void put_quantiles(struct buf *out, const char *label, const struct histogram_counts *counts)
{
	char median[HUMAN_SIZE], most[HUMAN_SIZE], nearly_all[HUMAN_SIZE];

	if (counts->count == 0)
		return;
	put_label(out, label);
	buf_printf(out, "p50 %s, p90 %s, p99 %s\n",
		human_duration((int64_t)histogram_quantile_us(counts, 500), median),
		human_duration((int64_t)histogram_quantile_us(counts, 900), most),
		human_duration((int64_t)histogram_quantile_us(counts, 990), nearly_all));
}

/* One line for each few: "12 finished, 3 idle-timeout". refusals: those, or all others. */
static void put_reasons(struct buf *out, const char *label, const struct figures *figures, bool refusals)
{
	size_t line = 0;

	for (unsigned int i = END_NONE + 1; i < END_REASONS; i++) {
		if (figures->ended_by[i] == 0 || (end_reason_kind(i) == END_KIND_REFUSED) != refusals)
			continue;
		if (line == 0)
			put_label(out, label);
		else
			buf_puts(out, line % 3 == 0 ? ",\n             " : ", ");
		buf_printf(out, "%" PRIu64 " %s", figures->ended_by[i], end_reason_name(i));
		line++;
	}
	if (line > 0)
		buf_putc(out, '\n');
}

static void put_head(struct buf *out, const struct status *status)
{
	const struct supervised *service = status->service;
	char since[HUMAN_SIZE], cpu[HUMAN_SIZE], memory[HUMAN_SIZE];

	buf_putc(out, '\n');
	show_foreign(out, service->effective.name, NAME_MAX_SHOWN);
	buf_printf(out, ": %s for %s, %s, generation %u\n", show_state(service),
		human_duration(status->since_ms * 1000, since), engine_model_name(service->effective.model),
		show_generation(service));
	put_label(out, "process");
	if (supervised_has_process(service))
		buf_printf(out, "%d", (int)service->child.pid);
	else
		buf_puts(out, "none");
	if (status->has_usage)
		buf_printf(out, ", CPU %s, memory %s", show_cpu(status->usage.cpu_ms, cpu),
			human_size(status->usage.resident_bytes, memory));
	buf_printf(out, ", starts %" PRIu64 ", deaths %" PRIu64 "\n", service->totals.starts, service->totals.deaths);
}

static void put_listeners(struct buf *out, const struct supervised *service)
{
	const char *label = "listens on";

	for (size_t i = 0; i < service->listener_count; i++) {
		unsigned int sockets = listeners_sockets(service, i);

		if (service->listeners[i].fd < 0 || listeners_is_sibling(service, i))
			continue;
		put_label(out, label);
		show_foreign(out, service->listeners[i].url, 4 * LISTENER_URL_SIZE);
		if (sockets > 1)
			buf_printf(out, " (%u sockets)", sockets);
		buf_putc(out, '\n');
		label = "";
	}
}

static void put_text(struct buf *out, const struct status *status)
{
	const struct supervised *service = status->service;
	const struct figures *figures = &status->figures;

	put_head(out, status);
	put_listeners(out, service);
	put_label(out, "clients");
	buf_printf(out, "%" PRIu64 " now of %d%s, %" PRIu64 " accepted, ", figures->out, show_bound(service),
		figures->paused ? " (paused)" : "", figures->accepted);
	put_rate(out, &service->rates, RATES_ACCEPTED);
	buf_putc(out, '\n');
	put_label(out, "requests");
	buf_printf(out, "%" PRIu64, figures->requests);
	put_bytes(out, "in", figures->bytes_in, &service->rates, RATES_BYTES_IN);
	put_bytes(out, "out", figures->bytes_out, &service->rates, RATES_BYTES_OUT);
	buf_putc(out, '\n');
	put_quantiles(out, "duration", &figures->duration);
	put_quantiles(out, "queue wait", &figures->queue_wait);
	put_reasons(out, "ended", figures, false);
	put_reasons(out, "refused", figures, true);
	put_label(out, "workers");
	if (figures->workers > 0)
		buf_printf(out, "%" PRIu64 " standing, %" PRIu64 " idle, ", figures->workers, figures->idle);
	buf_printf(out, "%" PRIu64 " died, %" PRIu64 " recycled\n", figures->worker_deaths, figures->worker_recycled);
}

/* ---- Both -------------------------------------------------------------------------------------------------- */

static void begin(struct show *show)
{
	const struct supervisor *supervisor = show->supervisor;
	int64_t up_ms = (show->now_ns - control_opened_ns(supervisor)) / NS_PER_MS;
	uint64_t lost = atomic_load(&supervisor->config->log->lost_ever);
	char up[HUMAN_SIZE];

	if (show->as_json) {
		json_open(&show->json, NULL, '{');
		json_text(&show->json, "version", brood_version());
		json_i(&show->json, "pid", supervisor->pid);
		json_i(&show->json, "up_ms", up_ms);
		json_u(&show->json, "lost_lines", lost);
		json_text(&show->json, "log_level", log_level_name(supervisor->config->log->max));
		json_open(&show->json, "services", '[');
		return;
	}
	buf_printf(show->out, "brood %s, process %d, up %s, log level %s", brood_version(), (int)supervisor->pid,
		human_duration(up_ms * 1000, up), log_level_name(supervisor->config->log->max));
	if (lost > 0)
		buf_printf(show->out, ", %" PRIu64 " lines of the log lost", lost);
	buf_putc(show->out, '\n');
}

static void end(struct show *show)
{
	if (!show->as_json)
		return;
	json_close(&show->json, ']');
	json_close(&show->json, '}');
	buf_putc(show->out, '\n');
}

bool show_status(struct show *show)
{
	const struct supervised *service;
	struct status status;

	if (!show->begun) {
		show->begun = true;
		begin(show);
		return true;
	}
	service = show_next_service(show, &show->service);
	if (!service) {
		end(show);
		return false;
	}
	find_status(&status, show, service);
	if (show->as_json)
		put_json(&show->json, &status);
	else
		put_text(show->out, &status);
	show->service++;
	return true;
}
