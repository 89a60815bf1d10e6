/* SPDX-License-Identifier: MIT */
/*
 * What brood's HTTP/1 grammar makes of streams of bytes, as JSON, for http1_differential.py. Each stream comes on
 * standard input behind its size (32 bits, big-endian); each line of output is one of them. With --cases: the bytes
 * of the unit tests' cases, in hexadecimal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http1_cases.h"
#include "protocol/http1.h"
#include "protocol/http1_chunked.h"

#define STREAM_MAX (1 << 20)

static void print_bytes(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("\\u%04x", (unsigned char)data[i]);
}

static void print_part(const char *data, struct http1_part part)
{
	putchar('"');
	print_bytes(data + part.at, part.size);
	putchar('"');
}

static void print_fields(const char *data, const struct http1_request *request)
{
	for (uint32_t i = 0; i < request->fields; i++) {
		printf("%s[", i ? ", " : "");
		print_part(data, request->field[i].name);
		printf(", ");
		print_part(data, request->field[i].value);
		printf("]");
	}
}

/* Prints what of a chunked body there is; returns how many bytes it and its coding are, and in *ret_whole if that
 * is all. */
static size_t print_chunks(const char *data, size_t size, bool *ret_whole, const char **ret_fault)
{
	struct http1_chunked chunked;
	size_t at = 0;

	http1_chunked_begin(&chunked);
	while (at < size && !chunked.over) {
		uint64_t body = 0;
		ssize_t got = http1_chunked_next(&chunked, data + at, size - at, &body);

		if (got < 0) {
			*ret_fault = http1_fault_section(chunked.fault);
			break;
		}
		at += (size_t)got;
		body = body < size - at ? body : size - at;
		print_bytes(data + at, body);
		http1_chunked_took(&chunked, body);
		at += body;
	}
	*ret_whole = chunked.over;
	return at;
}

/* One request; *at is then behind it. false: no other one is to be read. */
static bool print_request(const char *data, size_t size, size_t *at, const char **ret_fault)
{
	struct http1_request request;
	bool whole = true;
	ssize_t got;

	http1_begin(&request, NULL);
	got = http1_parse(&request, data + *at, size - *at);
	if (got < 0) {
		if (got == -EBADMSG)
			*ret_fault = http1_fault_section(request.fault);
		return false;
	}
	printf("%s{\"method\": ", *at ? ", " : "");
	print_part(data + *at, request.method);
	printf(", \"target\": ");
	print_part(data + *at, request.target);
	printf(", \"minor\": %u, \"keep\": %s, \"fields\": [", request.minor, request.persistent ? "true" : "false");
	print_fields(data + *at, &request);
	printf("], \"body\": \"");
	*at += (size_t)got;
	if (request.framing == HTTP1_CHUNKED) {
		*at += print_chunks(data + *at, size - *at, &whole, ret_fault);
	} else if (request.framing == HTTP1_LENGTH) {
		size_t here = size - *at < request.length ? size - *at : (size_t)request.length;

		print_bytes(data + *at, here);
		whole = here == request.length;
		*at += here;
	}
	printf("\", \"whole\": %s}", whole ? "true" : "false");
	return whole && request.persistent && *at < size;
}

static void print_stream(const char *data, size_t size)
{
	const char *fault = "";
	size_t at = 0;

	printf("{\"requests\": [");
	while (print_request(data, size, &at, &fault))
		;
	printf("], \"fault\": \"%s\"}\n", fault);
}

static void print_cases(void)
{
	for (size_t i = 0; i < HTTP1_CASES; i++) {
		for (size_t byte = 0; byte < http1_cases[i].size; byte++)
			printf("%02x", (unsigned char)http1_cases[i].bytes[byte]);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	static char stream[STREAM_MAX];
	uint32_t size;

	if (argc > 1 && strcmp(argv[1], "--cases") == 0) {
		print_cases();
		return 0;
	}
	while (fread(&size, sizeof size, 1, stdin) == 1) {
		size = ntohl(size);
		if (size > sizeof stream || fread(stream, 1, size, stdin) != size)
			return 1;
		print_stream(stream, size);
	}
	return 0;
}
