/* SPDX-License-Identifier: MIT */
#include "load/reply.h"

#include <limits.h>
#include <string.h>

static uint64_t count_lines(const char *data, size_t size)
{
	const char *end = data + size;
	uint64_t lines = 0;

	while (data < end && (data = memchr(data, '\n', (size_t)(end - data)))) {
		lines++;
		data++;
	}
	return lines;
}

struct reply_rule reply_rule(enum reply_kind kind, uint64_t size, const char *sent, size_t sent_size)
{
	struct reply_rule rule = { .kind = kind, .sent = sent, .sent_size = sent_size };

	if (kind == REPLY_AUTO && sent_size == 0)
		rule.kind = REPLY_CLOSE;
	else if (kind == REPLY_AUTO)
		rule.kind = sent[sent_size - 1] == '\n' ? REPLY_LINES : REPLY_ECHO;
	if (rule.kind == REPLY_LINES)
		rule.expected = count_lines(sent, sent_size);
	else if (rule.kind == REPLY_ECHO)
		rule.expected = sent_size;
	else if (rule.kind == REPLY_SIZE)
		rule.expected = size;
	if (rule.kind == REPLY_LINES && rule.expected == 0)
		rule.expected = 1;
	rule.of_head = sent_size >= 5 && memcmp(sent, "HEAD ", 5) == 0;
	return rule;
}

void reply_begin(const struct reply_rule *rule, struct reply *reply)
{
	if (rule->kind == REPLY_HTTP)
		response_begin(&reply->response, rule->of_head);
	else
		reply->count = 0;
}

static enum reply_progress take_count(const struct reply_rule *rule, struct reply *reply, uint64_t more)
{
	reply->count += more;
	if (reply->count > rule->expected)
		return REPLY_WRONG;
	return reply->count == rule->expected ? REPLY_OVER : REPLY_MORE;
}

static enum reply_progress take_echo(
	const struct reply_rule *rule, struct reply *reply, const char *data, size_t size)
{
	if (size > rule->sent_size - reply->count || memcmp(rule->sent + reply->count, data, size) != 0)
		return REPLY_WRONG;
	return take_count(rule, reply, size);
}

static enum reply_progress take_lines(
	const struct reply_rule *rule, struct reply *reply, const char *data, size_t size)
{
	enum reply_progress progress = take_count(rule, reply, count_lines(data, size));

	/* Nothing was asked that could be answered behind the last line. */
	return progress == REPLY_OVER && data[size - 1] != '\n' ? REPLY_WRONG : progress;
}

static enum reply_progress take_response(struct reply *reply, const char *data, size_t size)
{
	ssize_t taken = response_take(&reply->response, data, size);

	if (taken < 0 || (size_t)taken < size)
		return REPLY_WRONG;
	return reply->response.state == RESPONSE_OVER ? REPLY_OVER : REPLY_MORE;
}

enum reply_progress reply_take(const struct reply_rule *rule, struct reply *reply, const char *data, size_t size)
{
	switch (rule->kind) {
	case REPLY_HTTP:
		return take_response(reply, data, size);
	case REPLY_ECHO:
		return take_echo(rule, reply, data, size);
	case REPLY_LINES:
		return take_lines(rule, reply, data, size);
	case REPLY_SIZE:
		return take_count(rule, reply, size);
	case REPLY_PACKET:
		return REPLY_OVER;
	default:
		return REPLY_MORE;
	}
}

size_t reply_unseen(const struct reply_rule *rule, const struct reply *reply)
{
	if (rule->kind != REPLY_HTTP || reply->response.state != RESPONSE_LENGTH)
		return 0;
	return reply->response.left < SSIZE_MAX ? (size_t)reply->response.left : SSIZE_MAX;
}

enum reply_progress reply_skip(struct reply *reply, size_t size)
{
	response_skip(&reply->response, size);
	return reply->response.state == RESPONSE_OVER ? REPLY_OVER : REPLY_MORE;
}

enum reply_progress reply_end(const struct reply_rule *rule, struct reply *reply)
{
	if (rule->kind == REPLY_HTTP)
		return response_end(&reply->response) ? REPLY_OVER : REPLY_MORE;
	return rule->kind == REPLY_CLOSE ? REPLY_OVER : REPLY_MORE;
}

bool reply_keeps(const struct reply_rule *rule, const struct reply *reply)
{
	return rule->kind == REPLY_HTTP ? reply->response.keeps : rule->kind != REPLY_CLOSE;
}
