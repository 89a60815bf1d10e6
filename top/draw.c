/* SPDX-License-Identifier: MIT */
/* Decides what the head and the table of services say. The tree below them is draw_tree.c. */
#include "top/draw.h"

#include <stdio.h>
#include <string.h>

#include "observe/human.h"
#include "top/draw_tree.h"

/* Where columns of the table end; the first two are on the left. */
enum service_column {
	COLUMN_MODEL = 12,
	COLUMN_STATE = 22,
	END_CLIENTS = 41,
	END_ACCEPTED = 48,
	END_REQUESTS = 54,
	END_P50 = 60,
	END_P99 = 66,
	END_QUEUE = 72,
	END_REFUSED = 80,
};

#define NAME_WIDTH (COLUMN_MODEL - 1)

static void put_heading(struct canvas *canvas)
{
	canvas_row(canvas);
	canvas_put(canvas, 0, CANVAS_HEADING, "SERVICE");
	canvas_put(canvas, COLUMN_MODEL, CANVAS_HEADING, "MODEL");
	canvas_put(canvas, COLUMN_STATE, CANVAS_HEADING, "STATE");
	canvas_put_right(canvas, END_CLIENTS, CANVAS_HEADING, "CLIENTS");
	canvas_put_right(canvas, END_ACCEPTED, CANVAS_HEADING, "ACC/s");
	canvas_put_right(canvas, END_REQUESTS, CANVAS_HEADING, "REQ/s");
	canvas_put_right(canvas, END_P50, CANVAS_HEADING, "P50");
	canvas_put_right(canvas, END_P99, CANVAS_HEADING, "P99");
	canvas_put_right(canvas, END_QUEUE, CANVAS_HEADING, "QUEUE");
	canvas_put_right(canvas, END_REFUSED, CANVAS_HEADING, "REFUSED");
	canvas_style_row(canvas, CANVAS_HEADING);
}

static enum canvas_style style_of_state(const char *state)
{
	if (strcmp(state, "ready") == 0)
		return CANVAS_GOOD;
	return strcmp(state, "failed") == 0 ? CANVAS_BAD : CANVAS_WARN;
}

static const char *count_text(double value, char text[HUMAN_SIZE])
{
	return human_count(value > 0 ? (uint64_t)(value + 0.5) : 0, text);
}

static void put_queue(struct canvas *canvas, const struct picture_service *service)
{
	bool long_queue = service->waiting * 2 > service->queue_limit;
	char text[HUMAN_SIZE];

	canvas_put_right(canvas, END_QUEUE, long_queue && service->has_queue ? CANVAS_BAD : CANVAS_PLAIN,
		service->has_queue ? human_count(service->waiting, text) : "-");
}

static void put_service(struct canvas *canvas, const struct picture_service *service)
{
	char clients[32], text[HUMAN_SIZE];
	bool full = service->bound > 0 && service->clients >= service->bound;

	canvas_row(canvas);
	canvas_printf(canvas, 0, CANVAS_PLAIN, "%.*s", NAME_WIDTH, service->name);
	canvas_printf(canvas, COLUMN_MODEL, CANVAS_PLAIN, "%.9s", service->model);
	canvas_printf(canvas, COLUMN_STATE, style_of_state(service->state), "%.9s", service->state);
	snprintf(clients, sizeof clients, "%llu/%llu%s", (unsigned long long)service->clients,
		(unsigned long long)service->bound, service->paused ? "!" : "");
	canvas_put_right(canvas, END_CLIENTS, full || service->paused ? CANVAS_WARN : CANVAS_PLAIN, clients);
	canvas_put_right(canvas, END_ACCEPTED, CANVAS_PLAIN, count_text(service->accepted_per_s, text));
	canvas_put_right(canvas, END_REQUESTS, CANVAS_PLAIN, count_text(service->requests_per_s, text));
	canvas_put_right(canvas, END_P50, CANVAS_PLAIN, service->ended ? human_duration(service->p50_us, text) : "-");
	canvas_put_right(canvas, END_P99, CANVAS_PLAIN, service->ended ? human_duration(service->p99_us, text) : "-");
	put_queue(canvas, service);
	canvas_put_right(canvas, END_REFUSED, service->refused ? CANVAS_WARN : CANVAS_PLAIN,
		human_count(service->refused, text));
}

/* "calc refused: 12 full, 3 rate; 2 workers died", below the table, for those who have something to say. */
static void put_troubles(struct canvas *canvas, const struct picture_service *service)
{
	static const char prefix[] = "refused-";
	char line[512];
	size_t size;

	if (service->reason_count == 0 && service->died == 0)
		return;
	size = (size_t)snprintf(line, sizeof line, "  %.*s:", NAME_WIDTH, service->name);
	for (size_t i = 0; i < service->reason_count; i++) {
		const char *name = service->reasons[i].name;

		if (strncmp(name, prefix, strlen(prefix)) == 0)
			name += strlen(prefix);
		size += (size_t)snprintf(line + size, sizeof line - size, "%s %llu %s", i > 0 ? "," : " refused",
			(unsigned long long)service->reasons[i].count, name);
	}
	if (service->died > 0)
		snprintf(line + size, sizeof line - size, "%s %llu worker%s died",
			service->reason_count > 0 ? ";" : "", (unsigned long long)service->died,
			service->died == 1 ? "" : "s");
	canvas_row(canvas);
	canvas_put(canvas, 0, CANVAS_WARN, line);
}

static void put_head(struct canvas *canvas, const struct picture *picture)
{
	double accepted = 0, requests = 0, in = 0, out = 0;
	char up[HUMAN_SIZE], text[4][HUMAN_SIZE], lost[64] = "";
	size_t ready = 0;
	uint64_t clients = 0;

	for (size_t i = 0; i < picture->service_count; i++) {
		const struct picture_service *service = &picture->services[i];

		ready += strcmp(service->state, "ready") == 0;
		clients += service->clients;
		accepted += service->accepted_per_s;
		requests += service->requests_per_s;
		in += service->in_per_s;
		out += service->out_per_s;
	}
	if (picture->lost_lines > 0)
		snprintf(lost, sizeof lost, "  %llu lines of log lost", (unsigned long long)picture->lost_lines);
	canvas_row(canvas);
	canvas_printf(canvas, 0, CANVAS_TITLE, "brood %s  pid %d  up %s  %zu of %zu service%s ready%s",
		picture->version, (int)picture->pid, human_duration(picture->up_ms * 1000, up), ready,
		picture->service_count, picture->service_count == 1 ? "" : "s", lost);
	canvas_style_row(canvas, CANVAS_TITLE);
	canvas_row(canvas);
	canvas_printf(canvas, 0, CANVAS_PLAIN, "%llu clients  %s accepted/s  %s requests/s  in %s/s  out %s/s",
		(unsigned long long)clients, count_text(accepted, text[0]), count_text(requests, text[1]),
		human_size(in > 0 ? (uint64_t)in : 0, text[2]), human_size(out > 0 ? (uint64_t)out : 0, text[3]));
}

void draw(struct canvas *canvas, const struct picture *picture, const struct canvas_tree *tree)
{
	put_head(canvas, picture);
	canvas_row(canvas);
	put_heading(canvas);
	for (size_t i = 0; i < picture->service_count; i++)
		put_service(canvas, &picture->services[i]);
	for (size_t i = 0; i < picture->service_count; i++)
		put_troubles(canvas, &picture->services[i]);
	canvas_row(canvas);
	draw_tree(canvas, picture, tree);
}
