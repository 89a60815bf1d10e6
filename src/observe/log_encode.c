/* SPDX-License-Identifier: MIT */
/*
 * A record as a line: text for people, JSON for programs. Invariant: one record is one line of at most LOG_LINE_MAX
 * bytes with its newline; a line that had to be cut says so and is still complete in its format. The message is
 * cut before the fields: they tell whose line it is. Called by log.c and by tests.
 */
#include <errno.h>
#include <string.h>

#include "observe/log.h"
#include "observe/log_escape.h"
#include "observe/log_time.h"

#define SERVICE_MAX  256
#define MESSAGE_MAX  2048
#define TEXT_END     " [cut]\n"
#define JSON_END     ",\"cut\":true}\n"
#define JSON_END_MAX (sizeof JSON_END)

static const char *const level_names[] = {
	[BROOD_ERROR] = "error",
	[BROOD_WARN] = "warn",
	[BROOD_INFO] = "info",
	[BROOD_DEBUG] = "debug",
};

static const char *const level_labels[] = {
	[BROOD_ERROR] = "ERROR",
	[BROOD_WARN] = "WARN",
	[BROOD_INFO] = "INFO",
	[BROOD_DEBUG] = "DEBUG",
};

static unsigned int level_index(enum brood_level level)
{
	return (unsigned int)level > BROOD_DEBUG ? BROOD_DEBUG : (unsigned int)level;
}

const char *log_level_name(enum brood_level level)
{
	return level_names[level_index(level)];
}

int log_level_parse(const char *name, enum brood_level *ret_level)
{
	for (unsigned int i = 0; i <= BROOD_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret_level = (enum brood_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool is_absent(const struct log_field *field)
{
	return field->kind == LOG_FIELD_TEXT && !field->text;
}

/* Text that takes at most max bytes of the line. */
static bool put_limited(struct buf *buf, const char *text, enum log_escape how, size_t max)
{
	size_t capacity = buf->capacity;
	bool whole;

	if (capacity - buf->size > max)
		buf->capacity = buf->size + max;
	whole = log_escape(buf, text, how);
	buf->capacity = capacity;
	return whole;
}

/* Everything of a field but the bytes of a text, all or nothing; reserve: what must still fit behind it. */
static inline bool open_field(
	struct buf *buf, const struct log_field *field, const char *before, const char *after, size_t reserve)
{
	size_t head = strlen(before), tail = strlen(after), key = field->key_size;
	char *at = buf->data + buf->size;

	if (head + key + tail + reserve > buf->capacity - buf->size)
		return false;
	memcpy(at, before, head);
	memcpy(at + head, field->key, key);
	memcpy(at + head + key, after, tail + 1);
	buf->size += head + key + tail;
	return true;
}

#define NUMBER_MAX 20

static void put_number(struct buf *buf, const struct log_field *field)
{
	if (field->kind == LOG_FIELD_INT)
		buf_puti(buf, field->i);
	else
		buf_putu(buf, field->u);
}

/* The closing quote of a text that fills the line takes a byte that was kept for it. */
static bool put_quoted(struct buf *buf, const char *text, enum log_escape how)
{
	bool whole;

	buf->capacity--;
	whole = log_escape(buf, text, how);
	buf->capacity++;
	buf_putc(buf, '"');
	return whole;
}

static bool put_text_field(struct buf *buf, const struct log_field *field)
{
	size_t word;

	if (field->kind != LOG_FIELD_TEXT) {
		if (!open_field(buf, field, " ", "=", NUMBER_MAX))
			return false;
		put_number(buf, field);
		return true;
	}
	word = log_escape_word(field->text);
	if (word > 0)
		return open_field(buf, field, " ", "=", 0) && log_escape_run(buf, field->text, word);
	return open_field(buf, field, " ", "=\"", 1) && put_quoted(buf, field->text, LOG_ESCAPE_QUOTED);
}

static bool put_json_field(struct buf *buf, const struct log_field *field)
{
	if (field->kind == LOG_FIELD_TEXT)
		return open_field(buf, field, ",\"", "\":\"", 1) && put_quoted(buf, field->text, LOG_ESCAPE_JSON);
	if (!open_field(buf, field, ",\"", "\":", NUMBER_MAX))
		return false;
	put_number(buf, field);
	return true;
}

/* 2026-11-21 13:22:17.123 [INFO] [1132] calc: message key=value key="with space" */
static bool encode_text(
	struct buf *buf, struct log *log, const struct log_record *record, int64_t realtime_ns, int pid)
{
	struct log_stamp none = { .between = '\0' };
	bool whole = true;

	log_time_local(buf, realtime_ns, &log->zone, log->zone_by == 0 || log->zone_by == pid,
		record->batch ? &record->batch->stamp : &none);
	buf_puts(buf, " [");
	buf_puts(buf, level_labels[level_index(record->level)]);
	buf_puts(buf, "] [");
	buf_puti(buf, pid);
	buf_puts(buf, "] ");
	if (record->service) {
		whole = put_limited(buf, record->service, LOG_ESCAPE_MESSAGE, SERVICE_MAX);
		buf_puts(buf, ": ");
	}
	whole = put_limited(buf, record->message, LOG_ESCAPE_MESSAGE, MESSAGE_MAX) && whole;
	for (size_t i = 0; i < record->field_count; i++)
		if (!is_absent(&record->fields[i]))
			whole = put_text_field(buf, &record->fields[i]) && whole;
	return whole;
}

/* {"time":"…","level":"info","pid":1132,"service":"calc","message":"…","key":"value"} */
static bool encode_json(struct buf *buf, const struct log_record *record, int64_t realtime_ns, int pid)
{
	struct log_stamp none = { .between = '\0' };
	bool whole = true;

	buf_puts(buf, "{\"time\":\"");
	log_time_utc(buf, realtime_ns, record->batch ? &record->batch->stamp : &none);
	buf_puts(buf, "\",\"level\":\"");
	buf_puts(buf, log_level_name(record->level));
	buf_puts(buf, "\",\"pid\":");
	buf_puti(buf, pid);
	if (record->service) {
		buf_puts(buf, ",\"service\":\"");
		whole = put_limited(buf, record->service, LOG_ESCAPE_JSON, SERVICE_MAX);
		buf_putc(buf, '"');
	}
	buf_puts(buf, ",\"message\":\"");
	whole = put_limited(buf, record->message, LOG_ESCAPE_JSON, MESSAGE_MAX) && whole;
	buf_putc(buf, '"');
	for (size_t i = 0; i < record->field_count; i++)
		if (!is_absent(&record->fields[i]))
			whole = put_json_field(buf, &record->fields[i]) && whole;
	return whole;
}

size_t log_encode(
	struct log *log, const struct log_record *record, int64_t realtime_ns, int pid, char line[LOG_LINE_MAX])
{
	struct buf buf;
	const char *end;

	buf_init(&buf, line, LOG_LINE_MAX);
	buf.capacity -= JSON_END_MAX; /* the longer of the two ends; what follows cannot fail to fit */
	if (log->format == LOG_FORMAT_JSON)
		end = encode_json(&buf, record, realtime_ns, pid) ? "}\n" : JSON_END;
	else
		end = encode_text(&buf, log, record, realtime_ns, pid) ? "\n" : TEXT_END;
	buf.capacity += JSON_END_MAX;
	buf_puts(&buf, end);
	return buf.size;
}
