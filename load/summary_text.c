/* SPDX-License-Identifier: MIT */
/* The figures as people read them, in 80 columns. */
#include "load/summary.h"

#include <string.h>

#include "load/bars.h"
#include "load/figure.h"
#include "observe/human.h"

#define BUSY_CPU 0.9 /* of the processes' time: from here on the load may be what is measured */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* What was done, in one line. */
static void print_title(const struct summary *summary, FILE *out)
{
	const struct options *options = &summary->plan->options;
	char clients[FIGURE_SIZE], rate[FIGURE_SIZE];

	figure_count((uint64_t)summary->plan->clients, clients);
	fprintf(out, "%s\n", options->url);
	if (options->hold)
		fprintf(out, "  %s connection%s, opened and kept", clients, plural((uint64_t)summary->plan->clients));
	else if (options->rate)
		fprintf(out, "  %s requests due each second, at most %s under way",
			figure_count((uint64_t)options->rate, rate), clients);
	else
		fprintf(out, "  %s client%s, each asks again when it was answered", clients,
			plural((uint64_t)summary->plan->clients));
	if (summary->plan->processes > 1)
		fprintf(out, ", in %d processes", summary->plan->processes);
	fputs("\n\n", out);
}

/* A kind in each line, so that there is room for all. */
static void print_errors(const struct outcome *outcome, FILE *out)
{
	bool first = true;
	char count[FIGURE_SIZE];

	fprintf(out, "  errors       %12s", figure_count(outcome_errors(outcome), count));
	for (unsigned int i = 0; i < OUTCOME_ERRORS; i++) {
		uint64_t errors = outcome_read(&outcome->errors[i]);

		if (errors == 0)
			continue;
		fprintf(out, "%*s%s %s", first ? 3 : 31, "", figure_count(errors, count), outcome_error_name(i));
		if (i == OUTCOME_CONNECT && outcome->connect_error)
			fprintf(out, ": %s", strerror(outcome->connect_error));
		fputc('\n', out);
		first = false;
	}
	if (first)
		fputc('\n', out);
}

static void print_work(const struct summary *summary, FILE *out)
{
	const struct outcome *outcome = summary->outcome;
	char count[FIGURE_SIZE], more[FIGURE_SIZE];
	bool holds = summary->plan->options.hold;

	if (summary->plan->says)
		fprintf(out, "  requests     %12s", figure_count(outcome_read(&outcome->requests), count));
	if (!holds)
		fprintf(out, "   %s per second, for %.1f s",
			figure_count((uint64_t)(summary_rate(summary) + 0.5), more), summary->seconds);
	fprintf(out, "%s  connections  %12s", summary->plan->says ? "\n" : "",
		figure_count(outcome_read(&outcome->connections), count));
	if (holds)
		fprintf(out, "   %s open to the end, after %.1f s", figure_count(outcome_read(&outcome->open), more),
			summary->seconds);
	fputc('\n', out);
}

static void print_counts(const struct summary *summary, FILE *out)
{
	const struct outcome *outcome = summary->outcome;
	char count[FIGURE_SIZE], in[HUMAN_SIZE], sent[HUMAN_SIZE];

	print_work(summary, out);
	fprintf(out, "  bytes sent   %12s   %s received\n", human_size(outcome_read(&outcome->bytes_out), sent),
		human_size(outcome_read(&outcome->bytes_in), in));
	print_errors(outcome, out);
	if (summary->plan->options.abort_percent)
		fprintf(out, "  aborted      %12s\n", figure_count(outcome_read(&outcome->aborted), count));
	if (outcome_read(&outcome->unfinished))
		fprintf(out, "  unfinished   %12s   under way at the end, in no other figure\n",
			figure_count(outcome_read(&outcome->unfinished), count));
}

static void print_latencies(const struct summary *summary, bool utf8, FILE *out)
{
	static const unsigned int quantiles[] = { 50000, 90000, 99000, 99900 };
	const struct latencies *latencies = &summary->outcome->latencies;
	char figure[FIGURE_SIZE], picture[BARS_SIZE];
	struct buf text;

	if (latencies->count == 0)
		return;
	fprintf(out, "\n  %-12s     min    mean     p50     p90     p99   p99.9     max\n",
		summary->plan->says ? summary_column(summary) : "connecting");
	fprintf(out, "              %8s", figure_time(latencies->min_ns, figure));
	fprintf(out, "%8s", figure_time(latencies->sum_ns / latencies->count, figure));
	for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
		fprintf(out, "%8s", figure_time(latencies_quantile_ns(latencies, quantiles[i]), figure));
	fprintf(out, "%8s\n\n", figure_time(latencies->max_ns, figure));
	buf_init(&text, picture, sizeof picture);
	bars_draw(latencies, utf8, &text);
	fputs(text.data, out);
}

/* What the figures are not. */
static void print_remarks(const struct summary *summary, FILE *out)
{
	double part =
		summary->cpu_seconds / (summary->plan->processes * (summary->seconds > 0 ? summary->seconds : 1));

	if (summary->plan->options.rate)
		fputs("\n  Latency counts from when a request was due, sent or not.\n", out);
	else if (!summary->plan->options.hold && summary->outcome->latencies.count > 0)
		fputs("\n  Service time counts from sending: who would have come meanwhile is not in it.\n"
		      "  For what clients would wait at a given rate: --rate.\n",
			out);
	if (part > BUSY_CPU)
		fprintf(out,
			"\n  The load itself was busy for %.0f %% of the time: the server may do more.\n"
			"  Try --processes %d.\n",
			100 * (part < 1 ? part : 1), 2 * summary->plan->processes);
}

void summary_text_print(const struct summary *summary, bool utf8, FILE *out)
{
	print_title(summary, out);
	print_counts(summary, out);
	print_latencies(summary, utf8, out);
	print_remarks(summary, out);
}
