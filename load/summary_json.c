/* SPDX-License-Identifier: MIT */
/* The figures as one JSON object. Its keys are a promise: the laboratory and the bench read them
 * (docs/reference/load.md). */
#include "load/summary.h"

#include "observe/json.h"

#define TEXT_SIZE 4096

/* Three digits behind the point, which observe/json.h does not have. */
static void put_real(struct json *json, const char *key, double value)
{
	buf_printf(json->buf, "%s\"%s\":%.3f", json->comma ? "," : "", key, value);
	json->comma = true;
}

static void put_latencies(struct json *json, const struct summary *summary)
{
	const struct latencies *latencies = &summary->outcome->latencies;
	double count = latencies->count ? (double)latencies->count : 1;

	json_open(json, "latency_us", '{');
	json_text(json, "what", summary_column(summary));
	put_real(json, "min", (double)latencies->min_ns / 1e3);
	put_real(json, "mean", (double)latencies->sum_ns / count / 1e3);
	put_real(json, "p50", (double)latencies_quantile_ns(latencies, 50000) / 1e3);
	put_real(json, "p90", (double)latencies_quantile_ns(latencies, 90000) / 1e3);
	put_real(json, "p99", (double)latencies_quantile_ns(latencies, 99000) / 1e3);
	put_real(json, "p99.9", (double)latencies_quantile_ns(latencies, 99900) / 1e3);
	put_real(json, "max", (double)latencies->max_ns / 1e3);
	json_close(json, '}');
}

static void put_errors(struct json *json, const struct outcome *outcome)
{
	json_open(json, "errors", '{');
	for (unsigned int i = 0; i < OUTCOME_ERRORS; i++)
		json_u(json, outcome_error_name(i), outcome_read(&outcome->errors[i]));
	json_close(json, '}');
}

void summary_json_print(const struct summary *summary, FILE *out)
{
	const struct options *options = &summary->plan->options;
	const struct outcome *outcome = summary->outcome;
	char memory[TEXT_SIZE];
	struct buf text;
	struct json json = { .buf = &text };

	buf_init(&text, memory, sizeof memory);
	json_open(&json, NULL, '{');
	json_text(&json, "url", options->url);
	json_text(&json, "mode", options->hold ? "hold" : options->rate ? "open" : "closed");
	json_u(&json, "clients", (uint64_t)options->clients);
	json_u(&json, "processes", (uint64_t)summary->plan->processes);
	json_u(&json, "connections", outcome_read(&outcome->connections));
	json_u(&json, "requests", outcome_read(&outcome->requests));
	put_real(&json, "seconds", summary->seconds);
	put_real(&json, "rate", summary_rate(summary));
	json_u(&json, "bytes_in", outcome_read(&outcome->bytes_in));
	json_u(&json, "bytes_out", outcome_read(&outcome->bytes_out));
	put_errors(&json, outcome);
	json_u(&json, "aborted", outcome_read(&outcome->aborted));
	json_u(&json, "unfinished", outcome_read(&outcome->unfinished));
	json_u(&json, "open", outcome_read(&outcome->open));
	put_real(&json, "cpu_seconds", summary->cpu_seconds);
	put_latencies(&json, summary);
	json_close(&json, '}');
	fprintf(out, "%s\n", text.data);
}
