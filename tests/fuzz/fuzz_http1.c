/* SPDX-License-Identifier: MIT */
/*
 * Whatever a client sends: a head is complete, goes on or is refused, the same whole and in two pieces, and its parts
 * lie within it. The first byte chooses options and where to cut.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void holds(bool claim)
{
	if (!claim)
		abort();
}

static void lies_within(struct http1_part part, size_t size)
{
	holds(part.at <= size && part.size <= size - part.at);
}

static void has_no_bytes(const char *data, struct http1_part part, const char *bytes)
{
	for (uint32_t i = 0; i < part.size; i++)
		holds(!memchr(bytes, data[part.at + i], strlen(bytes) + 1));
}

static void is_whole(const struct http1_request *request, const char *data, size_t size)
{
	holds(size <= HTTP1_HEAD_MAX && request->fields <= HTTP1_FIELDS_MAX);
	holds(request->method.size > 0 && request->method.size <= HTTP1_METHOD_MAX && request->target.size > 0);
	lies_within(request->target, size);
	lies_within(request->path, size);
	lies_within(request->query, size);
	lies_within(request->host, size);
	has_no_bytes(data, request->target, "\t\r\n #");
	has_no_bytes(data, request->host, "\t\r\n @/?#");
	holds(request->minor <= 1 && (request->minor == 0 || request->host.size > 0));
	holds(request->framing == HTTP1_LENGTH || request->length == 0);
	holds(request->length <= INT64_MAX);
	for (uint32_t i = 0; i < request->fields; i++) {
		const struct http1_field *field = &request->field[i];

		lies_within(field->name, size);
		lies_within(field->value, size);
		has_no_bytes(data, field->name, "\t\r\n :");
		has_no_bytes(data, field->value, request->folded ? "" : "\r\n");
		holds(http1_find(request, data, data + field->name.at, field->name.size, 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_request whole, cut;
	struct http1_options options = { 0 };
	const char *head = (const char *)data + 1;
	size_t at;
	ssize_t got, again;

	if (size-- == 0)
		return 0;
	options.bare_lf = data[0] & 1;
	options.blank_before_colon = data[0] & 2;
	options.obsolete_fold = data[0] & 4;
	at = size * (data[0] >> 3) / 32;

	http1_begin(&whole, &options);
	got = http1_parse(&whole, head, size);
	if (got > 0)
		is_whole(&whole, head, (size_t)got);
	else if (got == -EBADMSG)
		holds(whole.fault > HTTP1_FINE && whole.fault < HTTP1_FAULTS);
	else
		holds(got == -EAGAIN && size < HTTP1_HEAD_MAX);

	http1_begin(&cut, &options);
	again = http1_parse(&cut, head, at);
	if (again == -EAGAIN)
		again = http1_parse(&cut, head, size);
	holds(again == got && cut.fault == whole.fault && cut.fields == whole.fields);
	return 0;
}
