/* SPDX-License-Identifier: MIT */
/* `brood ctl deaths`: the last ones, the latest first. What a worker's death was is its service process's word. */
#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "observe/log_time.h"
#include "supervise/control/show.h"
#include "supervise/supervisor.h"

#define REASON_MAX_SHOWN 400

static void put_json(struct json *json, const struct death *death)
{
	char memory[32];
	struct buf when;

	buf_init(&when, memory, sizeof memory);
	log_time_utc(&when, death->realtime_ns, &(struct log_stamp){ 0 });
	json_open(json, NULL, '{');
	json_text(json, "time", when.data);
	json_text(json, "service", death->service);
	json_text(json, "what", death->worker ? "worker" : "process");
	json_i(json, "pid", death->pid);
	json_text(json, "exit", death->exit);
	json_text(json, "reason", death->reason);
	json_u(json, "untold", death->untold);
	json_close(json, '}');
}

static void put_cell(struct buf *out, const char *text, size_t width)
{
	size_t begin = out->size;

	show_foreign(out, text, width);
	while (out->size < begin + width + 1)
		buf_putc(out, ' ');
}

/* 11-21 13:22:17 calc           12345 worker  signal 11 (SEGV)  handler-crashed */
static void put_text(struct buf *out, const struct death *death)
{
	time_t second = (time_t)(death->realtime_ns / NS_PER_SEC);
	struct tm local;
	char when[16] = "";

	if (localtime_r(&second, &local))
		strftime(when, sizeof when, "%m-%d %H:%M:%S", &local);
	put_cell(out, when, 14);
	put_cell(out, death->service, 12);
	buf_printf(out, "%7d ", (int)death->pid);
	put_cell(out, death->worker ? "worker" : "process", 7);
	put_cell(out, death->exit, 17);
	show_foreign(out, death->reason, REASON_MAX_SHOWN);
	buf_putc(out, '\n');
	if (death->untold > 0)
		buf_printf(out, "%15s%" PRIu32 " more of its workers shortly before\n", "", death->untold);
}

static void begin(struct show *show)
{
	const struct deaths *deaths = &show->supervisor->deaths;

	show->begun = true;
	if (show->as_json) {
		json_open(&show->json, NULL, '{');
		json_u(&show->json, "count", deaths->count);
		json_open(&show->json, "deaths", '[');
	} else if (deaths->count == 0) {
		buf_puts(show->out, "nobody died\n");
	}
}

bool show_deaths(struct show *show)
{
	const struct death *death;

	if (!show->begun)
		begin(show);
	death = deaths_at(&show->supervisor->deaths, show->row++);
	if (death && show->as_json)
		put_json(&show->json, death);
	else if (death)
		put_text(show->out, death);
	if (death)
		return true;
	if (show->as_json) {
		json_close(&show->json, ']');
		json_close(&show->json, '}');
		buf_putc(show->out, '\n');
	}
	return false;
}
