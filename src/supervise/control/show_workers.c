/* SPDX-License-Identifier: MIT */
/*
 * `brood ctl workers`: a row for each standing worker, or for each connection where a worker has one only. A pid on the
 * board is believed only if that process is a child of the service process: no figure of another process is shown.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "observe/figures.h"
#include "observe/human.h"
#include "process/usage.h"
#include "supervise/control/show.h"
#include "supervise/supervisor.h"
#include "transport/address.h"

#define NAME_MAX_SHOWN 64
#define ROWS_A_PART    16
#define PEER_SIZE      160
#define CELL_SIZE      16

struct row {
	struct figures_worker worker;
	struct usage usage;
	bool has_usage;
	char peer[PEER_SIZE];
};

static bool find_row(struct row *row, const struct show *show, const struct supervised *service, unsigned int index)
{
	struct figures_worker *worker = &row->worker;

	if (!figures_worker(worker, &service->board, index, show->now_ns))
		return false;
	row->has_usage = worker->pid != 0 && usage_of(worker->pid, &row->usage) == 0 &&
			 row->usage.parent == service->child.pid;
	row->peer[0] = '\0';
	if (worker->peer_size > 0)
		address_text(&worker->peer.any, worker->peer_size, row->peer, sizeof row->peer);
	return true;
}

/* ---- JSON -------------------------------------------------------------------------------------------------- */

static void put_if(struct json *json, const char *key, bool known, int64_t value)
{
	if (known)
		json_i(json, key, value);
	else
		json_null(json, key);
}

static void put_json(struct json *json, const struct row *row, int64_t now_ns)
{
	const struct figures_worker *worker = &row->worker;

	json_open(json, NULL, '{');
	json_u(json, "slot", worker->index);
	put_if(json, "pid", worker->pid != 0, worker->pid);
	json_text(json, "state", worker->state);
	put_if(json, "state_ms", worker->since_ns != 0, (now_ns - worker->since_ns) / NS_PER_MS);
	put_if(json, "age_ms", worker->started_ns != 0, (now_ns - worker->started_ns) / NS_PER_MS);
	put_if(json, "must_end_ms", worker->must_end_ns != 0, (worker->must_end_ns - now_ns) / NS_PER_MS);
	json_u(json, "clients", worker->clients);
	json_text(json, "peer", row->peer[0] ? row->peer : NULL);
	put_if(json, "queue_wait_us", worker->queue_us >= 0, worker->queue_us);
	json_u(json, "served", worker->served);
	put_if(json, "requests", worker->counted, (int64_t)worker->requests);
	put_if(json, "bytes_in", worker->counted, (int64_t)worker->bytes_in);
	put_if(json, "bytes_out", worker->counted, (int64_t)worker->bytes_out);
	put_if(json, "cpu_ms", row->has_usage, row->usage.cpu_ms);
	put_if(json, "resident_bytes", row->has_usage, (int64_t)row->usage.resident_bytes);
	json_close(json, '}');
}

/* ---- Text -------------------------------------------------------------------------------------------------- */

static void put_text(struct buf *out, const struct row *row, int64_t now_ns)
{
	const struct figures_worker *worker = &row->worker;
	char pid[CELL_SIZE] = "-", since[HUMAN_SIZE] = "-", requests[HUMAN_SIZE] = "-", in[HUMAN_SIZE] = "-";
	char sent[HUMAN_SIZE] = "-", cpu[HUMAN_SIZE] = "-", memory[HUMAN_SIZE] = "-", waited[HUMAN_SIZE] = "-";

	if (worker->pid != 0)
		snprintf(pid, sizeof pid, "%d", (int)worker->pid);
	if (worker->since_ns != 0)
		human_duration((now_ns - worker->since_ns) / NS_PER_US, since);
	if (worker->counted) {
		human_count(worker->requests, requests);
		human_size(worker->bytes_in, in);
		human_size(worker->bytes_out, sent);
	}
	if (row->has_usage) {
		show_cpu(row->usage.cpu_ms, cpu);
		human_size(row->usage.resident_bytes, memory);
	}
	if (worker->queue_us >= 0)
		human_duration(worker->queue_us, waited);
	buf_printf(out, "%7s %-8s%6s%6s%6s%6s%6s%6s%6s%s", pid, worker->state, since, requests, in, sent, cpu, memory,
		waited, row->peer[0] ? " " : "");
	show_foreign(out, row->peer, sizeof row->peer);
	if (worker->clients > 0 && !row->peer[0])
		buf_printf(out, " %" PRIu64 " client%s", worker->clients, worker->clients == 1 ? "" : "s");
	buf_putc(out, '\n');
}

static void put_heading(struct buf *out, const struct supervised *service)
{
	buf_putc(out, '\n');
	show_foreign(out, service->effective.name, NAME_MAX_SHOWN);
	buf_printf(out, ": %s, process %d, generation %u\n", engine_model_name(service->effective.model),
		(int)service->child.pid, show_generation(service));
	buf_printf(out, "%7s %-8s%6s%6s%6s%6s%6s%6s%6s %s\n", "PID", "STATE", "SINCE", "REQS", "IN", "OUT", "CPU",
		"MEM", "WAIT", "PEER");
}

/* Rather than silence. */
static void put_absence(struct buf *out, const struct supervised *service)
{
	buf_putc(out, '\n');
	show_foreign(out, service->effective.name, NAME_MAX_SHOWN);
	buf_printf(out, ": %s, no process\n", show_state(service));
}

/* ---- Both -------------------------------------------------------------------------------------------------- */

static void begin_service(struct show *show, const struct supervised *service)
{
	char name[NAME_MAX_SHOWN + 1];

	show->in_service = true;
	show->row = 0;
	if (!show->as_json) {
		put_heading(show->out, service);
		return;
	}
	snprintf(name, sizeof name, "%s", service->effective.name);
	json_open(&show->json, NULL, '{');
	json_text(&show->json, "name", name);
	json_text(&show->json, "model", engine_model_name(service->effective.model));
	json_u(&show->json, "generation", show_generation(service));
	json_i(&show->json, "process", service->child.pid);
	json_open(&show->json, "workers", '[');
}

static void end_service(struct show *show)
{
	show->in_service = false;
	show->service++;
	if (!show->as_json)
		return;
	json_close(&show->json, ']');
	json_close(&show->json, '}');
}

/* The board may be another one by now, or gone: rows of its successor are as good. */
static void put_rows(struct show *show, const struct supervised *service)
{
	struct row row;

	for (int i = 0; i < ROWS_A_PART && service->board.fd >= 0; i++, show->row++) {
		show->row = figures_used(&service->board, (unsigned int)show->row);
		if (show->row >= service->board.count)
			break;
		if (!find_row(&row, show, service, (unsigned int)show->row))
			continue;
		if (show->as_json)
			put_json(&show->json, &row, show->now_ns);
		else
			put_text(show->out, &row, show->now_ns);
	}
	if (service->board.fd < 0 || show->row >= service->board.count)
		end_service(show);
}

bool show_workers(struct show *show)
{
	const struct supervised *service;

	if (!show->begun && show->as_json) {
		json_open(&show->json, NULL, '{');
		json_open(&show->json, "services", '[');
	}
	show->begun = true;
	service = show_next_service(show, &show->service);
	if (service && show->in_service) {
		put_rows(show, service);
		return true;
	}
	if (service && supervised_has_process(service)) {
		begin_service(show, service);
		return true;
	}
	if (service) {
		if (!show->as_json)
			put_absence(show->out, service);
		show->service++;
		return true;
	}
	if (show->as_json) {
		if (show->in_service)
			end_service(show);
		json_close(&show->json, ']');
		json_close(&show->json, '}');
		buf_putc(show->out, '\n');
	}
	return false;
}
