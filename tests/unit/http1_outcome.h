/* SPDX-License-Identifier: MIT */
/*
 * What a stream of bytes comes to, as a server reads it: request after request, each with its body, until one is the
 * last, or refused, or not all there. One line of text, so that cases are data (http1_cases*.def):
 *
 *   METHOD TARGET [1.0] [form] [@HOST] {NAME: VALUE}… [LENGTH "BODY" | chunked "BODY"] [expects] keep|close
 *   joined with " | "; in the end "!FAULT", or "…" if more must come. Fields that the parser reads are left out.
 */
#ifndef UNIT_HTTP1_OUTCOME_H
#define UNIT_HTTP1_OUTCOME_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/http1.h"
#include "protocol/http1_chunked.h"

static const char *const outcome_fault_names[] = {
	[HTTP1_FINE] = "FINE",
#define FAULT(name, status, section, sentence) [HTTP1_##name] = #name,
#include "protocol/http1_faults.def"
#undef FAULT
};

/* The bytes that have come: first so many, then step more whenever they do not suffice. */
struct outcome_stream {
	const char *bytes;
	size_t size, come, step;
	size_t at;  /* read so far */
	char *copy; /* of [at, come), nothing behind it: a sanitizer sees what is read beyond */
	const struct http1_options *options;
	FILE *out;
};

/* false: there is no more. */
static inline bool outcome_more(struct outcome_stream *stream)
{
	if (stream->come == stream->size)
		return false;
	stream->come = stream->size - stream->come < stream->step ? stream->size : stream->come + stream->step;
	return true;
}

/* At another address each time: parts are offsets. */
static inline const char *outcome_bytes(struct outcome_stream *stream)
{
	size_t size = stream->come - stream->at;
	char *copy = malloc(size + !size);

	if (!copy)
		abort();
	memcpy(copy, stream->bytes + stream->at, size);
	free(stream->copy);
	stream->copy = copy;
	return copy;
}

static inline void outcome_part(struct outcome_stream *stream, struct http1_part part)
{
	fwrite(stream->bytes + stream->at + part.at, 1, part.size, stream->out);
}

static inline void outcome_field(struct outcome_stream *stream, const struct http1_field *field)
{
	static const char *const read_by_parser[] = { "host", "connection", "content-length", "transfer-encoding",
		"expect" };
	const char *name = stream->bytes + stream->at + field->name.at;

	for (size_t i = 0; i < sizeof read_by_parser / sizeof read_by_parser[0]; i++)
		if (strlen(read_by_parser[i]) == field->name.size &&
			strncasecmp(name, read_by_parser[i], field->name.size) == 0)
			return;
	fputs(" {", stream->out);
	outcome_part(stream, field->name);
	fputs(": ", stream->out);
	outcome_part(stream, field->value);
	fputs("}", stream->out);
}

static inline void outcome_head(struct outcome_stream *stream, const struct http1_request *request)
{
	static const char *const forms[] = { [HTTP1_ORIGIN] = "",
		[HTTP1_ABSOLUTE] = " absolute",
		[HTTP1_AUTHORITY] = " authority",
		[HTTP1_ASTERISK] = " asterisk" };

	outcome_part(stream, request->method);
	fputc(' ', stream->out);
	outcome_part(stream, request->target);
	fprintf(stream->out, "%s%s", request->minor ? "" : " 1.0", forms[request->form]);
	if (request->host.size > 0) {
		fputs(" @", stream->out);
		outcome_part(stream, request->host);
	}
	for (uint32_t i = 0; i < request->fields; i++)
		outcome_field(stream, &request->field[i]);
}

/* Writes up to size bytes of body as they come; false if they do not. */
static inline bool outcome_take_body(struct outcome_stream *stream, uint64_t size)
{
	while (size > 0) {
		size_t here = stream->come - stream->at;
		size_t part = here < size ? here : (size_t)size;

		fwrite(stream->bytes + stream->at, 1, part, stream->out);
		stream->at += part;
		size -= part;
		if (size > 0 && !outcome_more(stream))
			return false;
	}
	return true;
}

static inline bool outcome_chunks(struct outcome_stream *stream)
{
	struct http1_chunked chunked;
	uint64_t body;

	http1_chunked_begin(&chunked);
	fputs(" chunked \"", stream->out);
	while (!chunked.over) {
		ssize_t size = http1_chunked_next(&chunked, outcome_bytes(stream), stream->come - stream->at, &body);

		if (size < 0) {
			fprintf(stream->out, "!%s", outcome_fault_names[chunked.fault]);
			return false;
		}
		stream->at += (size_t)size;
		if (body > 0) {
			size_t here = stream->come - stream->at;
			uint64_t part = here < body ? here : body;

			outcome_take_body(stream, part);
			http1_chunked_took(&chunked, part);
		}
		if (!chunked.over && stream->at == stream->come && !outcome_more(stream)) {
			fputs("…", stream->out);
			return false;
		}
	}
	fputs("\"", stream->out);
	return true;
}

static inline bool outcome_body(struct outcome_stream *stream, const struct http1_request *request)
{
	if (request->framing == HTTP1_CHUNKED)
		return outcome_chunks(stream);
	if (request->framing == HTTP1_NO_BODY)
		return true;
	fprintf(stream->out, " %llu \"", (unsigned long long)request->length);
	if (!outcome_take_body(stream, request->length)) {
		fputs("…", stream->out);
		return false;
	}
	fputs("\"", stream->out);
	return true;
}

/* One request; false if none comes after it. */
static inline bool outcome_request(struct outcome_stream *stream)
{
	struct http1_request request;
	ssize_t size;

	http1_begin(&request, stream->options);
	do
		size = http1_parse(&request, outcome_bytes(stream), stream->come - stream->at);
	while (size == -EAGAIN && outcome_more(stream));
	if (size < 0) {
		fputs(size == -EAGAIN ? "…" : "!", stream->out);
		fputs(size == -EAGAIN ? "" : outcome_fault_names[request.fault], stream->out);
		return false;
	}
	outcome_head(stream, &request);
	stream->at += (size_t)size;
	if (!outcome_body(stream, &request))
		return false;
	fprintf(stream->out, "%s %s", request.expects ? " expects" : "", request.persistent ? "keep" : "close");
	return request.persistent && stream->at < stream->size;
}

/* To be freed. */
static inline char *outcome_of(
	const char *bytes, size_t size, size_t first, size_t step, const struct http1_options *options)
{
	struct outcome_stream stream = {
		.bytes = bytes, .size = size, .come = first < size ? first : size, .step = step, .options = options
	};
	char *text;
	size_t length;

	stream.out = open_memstream(&text, &length);
	if (!stream.out)
		abort();
	while (outcome_request(&stream))
		fputs(" | ", stream.out);
	fclose(stream.out);
	free(stream.copy);
	return text;
}

#endif
