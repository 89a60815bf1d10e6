/* SPDX-License-Identifier: MIT */
/*
 * Invariant: what a client chose stands in the line escaped, and takes no more than its share of it, so that nothing of what
 * follows can fail to fit. Times are UTC: the same in every zone, and without a lock. Called by http/access.c and core/access_tell.c.
 */
#include "observe/access_line.h"

#include <string.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "observe/json.h"
#include "observe/log_escape.h"
#include "observe/log_time.h"

#define SECONDS_PER_DAY INT64_C(86400)

/* Beside the texts that have a share: keys, numbers, quotes. */
#define REST_MAX 512

_Static_assert(ACCESS_TARGET_MAX + 2 * ACCESS_FIELD_MAX + 3 * ACCESS_WORD_MAX + REST_MAX <= LOG_LINE_MAX,
	"all texts at their longest are one line");

enum access_format access_line_format(const char *name)
{
	static const char *const names[] = {
		[ACCESS_COMMON] = "common",
		[ACCESS_COMBINED] = "combined",
		[ACCESS_COMBINED_PLUS] = "combined+",
		[ACCESS_JSON] = "json",
	};

	for (enum access_format format = ACCESS_COMMON; name && format <= ACCESS_JSON; format++)
		if (strcmp(name, names[format]) == 0)
			return format;
	return ACCESS_NONE;
}

/* ---- Texts ---- */

/* A NUL ends no text of a client's. False: it did not all fit. */
static bool put_all(struct buf *buf, struct access_text from, enum log_escape how)
{
	const char *nul = how == LOG_ESCAPE_JSON ? "\\u0000" : "\\x00";
	size_t at = 0;

	for (;;) {
		if (!log_escape(buf, from.text + at, how))
			return false;
		at += strlen(from.text + at);
		if (at >= from.size)
			return true;
		if (buf->capacity - buf->size < strlen(nul))
			return false;
		buf_puts(buf, nul);
		at++;
	}
}

/* At most max bytes, the mark of what was cut included. */
static void put_share(struct buf *buf, struct access_text from, enum log_escape how, size_t max)
{
	size_t capacity = buf->capacity;
	bool whole;

	buf->capacity = buf->size + max - strlen(ACCESS_CUT);
	whole = put_all(buf, from, how);
	buf->capacity = capacity;
	if (!whole)
		buf_puts(buf, ACCESS_CUT);
}

/* "127.0.0.1" of "127.0.0.1:5000", "::1" of "[::1]:5000"; all of any other kind. */
static struct access_text host_of(const char *peer, char host[ACCESS_WORD_MAX])
{
	size_t from = peer[0] == '[', size = strnlen(peer, ACCESS_WORD_MAX - 1);
	const char *colon = memrchr(peer, ':', size);
	bool is_ip = peer[0] == '[' || (peer[0] >= '0' && peer[0] <= '9');

	if (is_ip && colon)
		size = (size_t)(colon - peer) - from;
	size -= from;
	memcpy(host, peer + from, size);
	host[size] = '\0';
	return (struct access_text){ host, size };
}

/* ---- Lines for people and their tools ---- */

static void write_stamp(struct access_stamp *stamp, int64_t second)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct calendar_date date = calendar_date(second / SECONDS_PER_DAY);
	uint64_t of_day = (uint64_t)(second % SECONDS_PER_DAY);
	struct buf text;

	buf_init(&text, stamp->text, sizeof stamp->text);
	buf_putu_padded(&text, date.day, 2);
	buf_putc(&text, '/');
	buf_put(&text, months + 3 * (size_t)(date.month - 1), 3);
	buf_putc(&text, '/');
	buf_putu_padded(&text, (uint64_t)date.year, 4);
	buf_putc(&text, ':');
	buf_putu_padded(&text, of_day / 3600, 2);
	buf_putc(&text, ':');
	buf_putu_padded(&text, of_day / 60 % 60, 2);
	buf_putc(&text, ':');
	buf_putu_padded(&text, of_day % 60, 2);
	buf_put(&text, " +0000", 6);
	stamp->second = second + 1;
}

static void put_request(struct buf *buf, const struct access_facts *facts)
{
	buf_putc(buf, '"');
	if (facts->raw.text) {
		put_share(buf, facts->raw, LOG_ESCAPE_QUOTED, ACCESS_TARGET_MAX);
	} else if (facts->method.text) {
		put_share(buf, facts->method, LOG_ESCAPE_QUOTED, ACCESS_WORD_MAX);
		buf_putc(buf, ' ');
		put_share(buf, facts->target, LOG_ESCAPE_QUOTED, ACCESS_TARGET_MAX);
		if (facts->target_is_cut)
			buf_puts(buf, ACCESS_CUT);
		if (facts->minor >= 0)
			buf_puts(buf, facts->minor > 0 ? " HTTP/1.1" : " HTTP/1.0");
	} else {
		buf_putc(buf, '-');
	}
	buf_putc(buf, '"');
}

static void put_field(struct buf *buf, struct access_text field)
{
	buf_put(buf, " \"", 2);
	if (field.text)
		put_share(buf, field, LOG_ESCAPE_QUOTED, ACCESS_FIELD_MAX);
	else
		buf_putc(buf, '-');
	buf_putc(buf, '"');
}

/* As one word: whoever reads these lines takes a blank for the end of it. */
static void put_word(struct buf *buf, struct access_text word)
{
	size_t from = buf->size;

	put_share(buf, word, LOG_ESCAPE_QUOTED, ACCESS_WORD_MAX);
	for (size_t i = from; i < buf->size; i++)
		if (buf->data[i] == ' ')
			buf->data[i] = '_';
}

static void put_number(struct buf *buf, int64_t number)
{
	if (number < 0)
		buf_putc(buf, '-');
	else
		buf_putu(buf, (uint64_t)number);
}

static void write_text(
	struct buf *buf, enum access_format format, const struct access_facts *facts, struct access_stamp *stamp)
{
	int64_t second = facts->began_ns / NS_PER_SEC;
	char host[ACCESS_WORD_MAX];

	if (stamp->second != second + 1)
		write_stamp(stamp, second);
	put_word(buf, host_of(facts->peer, host));
	buf_put(buf, " - - [", 6);
	buf_puts(buf, stamp->text);
	buf_put(buf, "] ", 2);
	put_request(buf, facts);
	buf_putc(buf, ' ');
	buf_putu_padded(buf, facts->status, 3);
	buf_putc(buf, ' ');
	put_number(buf, facts->bytes);
	if (format == ACCESS_COMMON)
		return;
	put_field(buf, facts->referer);
	put_field(buf, facts->agent);
	if (format == ACCESS_COMBINED)
		return;
	buf_putc(buf, ' ');
	put_number(buf, facts->duration_us);
	buf_putc(buf, ' ');
	put_number(buf, facts->queue_us);
	buf_putc(buf, ' ');
	buf_puti(buf, facts->worker);
	if (facts->reason) {
		buf_putc(buf, ' ');
		buf_puts(buf, facts->reason);
	}
}

/* ---- Lines for programs ---- */

static void put_json_text(struct json *json, const char *key, struct access_text text, size_t max)
{
	if (!text.text) {
		json_null(json, key);
		return;
	}
	/* An empty one, whose closing quote is then put behind the text. */
	json_text(json, key, "");
	json->buf->size--;
	put_share(json->buf, text, LOG_ESCAPE_JSON, max);
	buf_putc(json->buf, '"');
}

static void put_json_number(struct json *json, const char *key, int64_t number)
{
	if (number < 0)
		json_null(json, key);
	else
		json_i(json, key, number);
}

static void put_json_time(struct json *json, int64_t began_ns)
{
	struct log_stamp none = { .between = '\0' };

	json_text(json, "time", "");
	json->buf->size--;
	log_time_utc(json->buf, began_ns, &none);
	buf_putc(json->buf, '"');
}

static void write_json(struct buf *buf, const struct access_facts *facts)
{
	struct json json = { .buf = buf };
	char host[ACCESS_WORD_MAX];

	json_open(&json, NULL, '{');
	put_json_time(&json, facts->began_ns);
	put_json_text(
		&json, "service", (struct access_text){ facts->service, strlen(facts->service) }, ACCESS_WORD_MAX);
	put_json_text(&json, "peer", host_of(facts->peer, host), ACCESS_WORD_MAX);
	put_json_text(&json, "method", facts->method, ACCESS_WORD_MAX);
	put_json_text(&json, "target", facts->target, ACCESS_TARGET_MAX);
	json_text(&json, "version", facts->minor < 0 ? NULL : facts->minor > 0 ? "HTTP/1.1" : "HTTP/1.0");
	if (facts->raw.text)
		put_json_text(&json, "request", facts->raw, ACCESS_TARGET_MAX);
	json_u(&json, "status", facts->status);
	put_json_number(&json, "bytes", facts->bytes);
	put_json_text(&json, "referer", facts->referer, ACCESS_FIELD_MAX);
	put_json_text(&json, "agent", facts->agent, ACCESS_FIELD_MAX);
	put_json_number(&json, "duration_us", facts->duration_us);
	put_json_number(&json, "queue_us", facts->queue_us);
	json_i(&json, "worker", facts->worker);
	if (facts->target_is_cut)
		json_bool(&json, "cut", true);
	if (facts->reason)
		json_text(&json, "reason", facts->reason);
	json_close(&json, '}');
}

size_t access_line(char line[LOG_LINE_MAX + 1], enum access_format format, const struct access_facts *facts,
	struct access_stamp *stamp)
{
	struct buf buf;

	buf_init(&buf, line, LOG_LINE_MAX + 1);
	if (format == ACCESS_JSON)
		write_json(&buf, facts);
	else
		write_text(&buf, format, facts, stamp);
	buf_putc(&buf, '\n');
	return buf.size;
}
